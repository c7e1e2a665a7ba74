import type { Kit } from './kit.ts'
import type { pairLibrary } from './pairs.ts'

/** URL, parsed and written by the host. */
export function urlLibrary(kit: Kit<{ pairs: typeof pairLibrary }>) {
  type Params = ReturnType<typeof paramsOf>

  const { paramsOf, reread } = kit.library('pairs')
  const members = 'href protocol username password host hostname port pathname search hash'.split(' ')

  class URL {
    #parts: Readonly<Record<string, string>>
    #params: Params | undefined

    constructor(url: unknown, base?: unknown) {
      const parts = URL.#parse(url, base)
      if (parts === undefined) {
        throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(url) })
      }
      this.#parts = parts
    }

    static #parse(url: unknown, base: unknown): Readonly<Record<string, string>> | undefined {
      try {
        return kit.native('url', [String(url), base === undefined ? null : String(base)]) as Record<
          string,
          string
        >
      } catch {
        return undefined
      }
    }

    static {
      for (const name of members) {
        Object.defineProperty(URL.prototype, name, {
          get(this: URL) {
            return this.#parts[name]
          },
          set(this: URL, value: unknown) {
            this.#parts = kit.native('urlWith', [this.#parts.href, name, String(value)]) as Record<
              string,
              string
            >
            if (this.#params !== undefined) reread(this.#params, this.#parts.search)
          },
          enumerable: true,
          configurable: true,
        })
      }
    }

    get origin(): string {
      return this.#parts.origin as string
    }

    get searchParams(): Params {
      this.#params ??= paramsOf(this, this.#parts.search)
      return this.#params
    }

    toString(): string {
      return this.#parts.href as string
    }

    toJSON(): string {
      return this.#parts.href as string
    }

    get [Symbol.toStringTag](): string {
      return 'URL'
    }

    static canParse(url: unknown, base?: unknown): boolean {
      return URL.#parse(url, base) !== undefined
    }

    static parse(url: unknown, base?: unknown): URL | null {
      return URL.canParse(url, base) ? new URL(url, base) : null
    }
  }

  return { URL }
}

/** Headers. */
export function headerLibrary() {
  const token = /^[!#$%&'*+.^_`|~\w-]+$/

  function headerName(name: unknown): string {
    const text = String(name)
    if (!token.test(text)) throw new TypeError(`${JSON.stringify(text)} is no header name`)
    return text.toLowerCase()
  }

  function headerValue(value: unknown): string {
    const text = String(value).trim()
    for (const character of ['\0', '\r', '\n']) {
      if (text.includes(character)) throw new TypeError(`${JSON.stringify(text)} is no header value`)
    }
    return text
  }

  class Headers {
    #values = new Map<string, string>()

    constructor(init?: unknown) {
      if (init === undefined || init === null) return
      const isList = typeof (init as Iterable<unknown>)[Symbol.iterator] === 'function'
      const pairs = isList ? [...(init as Iterable<Iterable<unknown>>)] : Object.entries(init)
      for (const pair of pairs) {
        const [name, value] = [...pair]
        this.append(name, value)
      }
    }

    append(name: unknown, value: unknown): void {
      const key = headerName(name)
      const before = this.#values.get(key)
      const added = headerValue(value)
      this.#values.set(key, before === undefined ? added : `${before}, ${added}`)
    }

    delete(name: unknown): void {
      this.#values.delete(headerName(name))
    }

    get(name: unknown): string | null {
      return this.#values.get(headerName(name)) ?? null
    }

    getSetCookie(): string[] {
      return this.has('set-cookie') ? [String(this.get('set-cookie'))] : []
    }

    has(name: unknown): boolean {
      return this.#values.has(headerName(name))
    }

    set(name: unknown, value: unknown): void {
      this.#values.set(headerName(name), headerValue(value))
    }

    forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
      for (const [name, value] of this) callback.call(self, value, name, this)
    }

    entries(): IterableIterator<[string, string]> {
      return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)).values()
    }

    *keys(): Generator<string> {
      for (const [name] of this.entries()) yield name
    }

    *values(): Generator<string> {
      for (const [, value] of this.entries()) yield value
    }

    [Symbol.iterator](): IterableIterator<[string, string]> {
      return this.entries()
    }

    get [Symbol.toStringTag](): string {
      return 'Headers'
    }
  }

  return { Headers }
}

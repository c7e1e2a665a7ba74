import type { bodyLibrary } from './body.ts'
import type { headerLibrary } from './headers.ts'
import type { Kit } from './kit.ts'
import type { urlLibrary } from './url.ts'

/** Request. */
export function requestLibrary(
  kit: Kit<{ body: typeof bodyLibrary; headers: typeof headerLibrary; url: typeof urlLibrary }>,
) {
  interface Init {
    readonly method?: unknown
    readonly headers?: unknown
    readonly body?: unknown
    readonly signal?: unknown
    readonly redirect?: unknown
  }
  const { Headers } = kit.library('headers')
  const { Message, contents, contentOf, contentDescribed } = kit.library('body')

  class Request extends Message {
    readonly method: string
    readonly url: string
    readonly signal: unknown
    readonly redirect: string

    constructor(input: unknown, given?: Init | null) {
      const init = given ?? {}
      const from = input instanceof Request ? input : undefined
      const content =
        init.body === undefined || init.body === null
          ? (contents.get(from ?? {}) ?? {})
          : contentOf(init.body)
      super(content, new Headers(init.headers ?? from?.headers))
      this.method = String(init.method ?? from?.method ?? 'GET').toUpperCase()
      this.url = from?.url ?? hrefOf(input)
      this.signal = init.signal ?? from?.signal
      this.redirect = String(init.redirect ?? from?.redirect ?? 'manual')
      if (
        (this.method === 'GET' || this.method === 'HEAD') &&
        (content.text ?? content.bytes) !== undefined
      ) {
        throw new TypeError(`a ${this.method} request has no body`)
      }
    }

    clone(): Request {
      return new Request(this)
    }

    get [Symbol.toStringTag](): string {
      return 'Request'
    }
  }

  /** An invalid URL stays as it is: the host refuses it and names it. */
  function hrefOf(input: unknown): string {
    if (input === '') return ''
    const { URL } = kit.library('url')
    return String(URL.parse(input) ?? input)
  }

  /** The request of a route: a Request whose members are data as well, by the names of Daybook. */
  function routeRequest(given: Readonly<Record<string, unknown>>): unknown {
    const pairs = Array.isArray(given.headers)
      ? given.headers.map(each =>
          each !== null && typeof each === 'object' && 'name' in each ? [each.name, each.value] : each,
        )
      : (given.headers ?? {})
    const headers = new Headers(pairs)
    for (const [name, value] of headers) {
      // One that is called as a method is found by get only.
      if (!(name in headers))
        Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
    }
    const request = new Request('', { method: 'POST' })
    contents.set(request, contentDescribed(given as unknown as Parameters<typeof contentDescribed>[0]))
    const members = { body: null, ...given, method: String(given.method ?? 'GET'), headers }
    for (const [name, value] of Object.entries(members)) {
      Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true })
    }
    for (const name of ['signal', 'redirect']) Object.defineProperty(request, name, { enumerable: false })
    return request
  }

  return { Request, routeRequest }
}

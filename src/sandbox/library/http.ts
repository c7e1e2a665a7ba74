import type { Kit } from './kit.ts'

/** Headers, Request and Response. Bodies are whole: a text or bytes, never a stream. */
export function httpLibrary(kit: Kit) {
  interface Content {
    readonly text?: string
    readonly bytes?: ArrayBuffer
    readonly type?: string
  }
  interface Init {
    readonly method?: unknown
    readonly headers?: unknown
    readonly body?: unknown
    readonly signal?: unknown
    readonly redirect?: unknown
    readonly status?: unknown
    readonly statusText?: unknown
  }
  /** How the host describes a message; its body is a text, or base64 where it is none. */
  interface Described {
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | null
    readonly body_base64?: string
  }

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

  function contentOf(body: unknown): Content {
    if (body === undefined || body === null) return {}
    if (typeof body === 'string') return { text: body, type: 'text/plain;charset=UTF-8' }
    const { URLSearchParams } = kit.library('url')
    if (body instanceof URLSearchParams) {
      return { text: String(body), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
    }
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
      return { bytes: kit.library('encoding').bytesOf(body) }
    }
    throw new TypeError('a body is a string, URLSearchParams, an ArrayBuffer or a typed array')
  }

  function contentDescribed({ body, body_base64 }: Described): Content {
    if (typeof body_base64 === 'string')
      return { bytes: kit.native('unbase64', [body_base64]) as ArrayBuffer }
    return body === null || body === undefined ? {} : { text: body }
  }

  /** The content of each Request and Response. */
  const contents = new WeakMap<object, Content>()
  const read = new WeakSet<object>()

  abstract class Message {
    readonly headers: Headers

    constructor(content: Content, headers: Headers) {
      this.headers = headers
      contents.set(this, content)
      if (content.type !== undefined && !headers.has('content-type'))
        headers.set('content-type', content.type)
    }

    get bodyUsed(): boolean {
      return read.has(this)
    }

    async text(): Promise<string> {
      read.add(this)
      const { text, bytes } = contents.get(this) ?? {}
      if (bytes !== undefined) return kit.native('decode', ['utf-8', false, false], bytes) as string
      return text ?? ''
    }

    async json(): Promise<unknown> {
      return JSON.parse(await this.text())
    }

    async arrayBuffer(): Promise<ArrayBuffer> {
      read.add(this)
      const { text, bytes } = contents.get(this) ?? {}
      return bytes?.slice(0) ?? (kit.native('encode', [text ?? '']) as ArrayBuffer)
    }

    async bytes(): Promise<Uint8Array> {
      return new Uint8Array(await this.arrayBuffer())
    }

    async formData(): Promise<unknown> {
      const { FormData, URLSearchParams } = kit.library('url')
      const type = this.headers.get('content-type') ?? ''
      if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(type)) {
        throw new TypeError('only forms of application/x-www-form-urlencoded are read')
      }
      const form = new FormData()
      for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value)
      return form
    }
  }

  function describe(message: Message): Described {
    const { text, bytes } = contents.get(message) ?? {}
    const headers = Object.fromEntries(message.headers)
    if (bytes === undefined) return { headers, body: text ?? null }
    return { headers, body: null, body_base64: kit.native('base64', [], bytes) as string }
  }

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

  /** What is no URL stays as it is: the host refuses it by its name. */
  function hrefOf(input: unknown): string {
    if (input === '') return ''
    const { URL } = kit.library('url')
    return String(URL.parse(input) ?? input)
  }

  let received: (answer: Described & { readonly status: number }, url: string) => Response

  class Response extends Message {
    readonly status: number
    readonly statusText: string
    #url = ''

    constructor(body?: unknown, given?: Init | null) {
      const init = given ?? {}
      const content = contentOf(body)
      super(content, new Headers(init.headers))
      this.status = Number(init.status ?? 200)
      if (!Number.isInteger(this.status) || this.status < 200 || this.status > 599) {
        throw new RangeError(`${String(init.status)} is no status of a response`)
      }
      if ([204, 205, 304].includes(this.status) && (content.text ?? content.bytes) !== undefined) {
        throw new TypeError(`a response with the status ${this.status} has no body`)
      }
      this.statusText = String(init.statusText ?? '')
    }

    static {
      received = (answer, url) => {
        const response = new Response(null, { headers: answer.headers })
        Object.defineProperty(response, 'status', { value: answer.status })
        contents.set(response, contentDescribed(answer))
        response.#url = url
        return response
      }
    }

    get ok(): boolean {
      return this.status >= 200 && this.status <= 299
    }

    get url(): string {
      return this.#url
    }

    get type(): string {
      return 'default'
    }

    clone(): Response {
      const { status, statusText, headers } = this
      const copy = new Response(null, { headers, statusText })
      Object.defineProperty(copy, 'status', { value: status })
      contents.set(copy, contents.get(this) ?? {})
      copy.#url = this.#url
      return copy
    }

    static json(value: unknown, init: Init = {}): Response {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError('this value has no JSON')
      const headers = new Headers(init.headers)
      if (!headers.has('content-type')) headers.set('content-type', 'application/json')
      return new Response(text, { ...init, headers })
    }

    static redirect(url: unknown, status: unknown = 302): Response {
      if (![301, 302, 303, 307, 308].includes(Number(status)))
        throw new RangeError(`${String(status)} redirects nowhere`)
      return new Response(null, { status, headers: { location: String(url) } })
    }

    get [Symbol.toStringTag](): string {
      return 'Response'
    }
  }

  /** `message` with the content of another one. */
  function withContentOf<T extends Message>(message: T, from: Message): T {
    contents.set(message, contents.get(from) ?? {})
    return message
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
    contents.set(request, contentDescribed(given as unknown as Described))
    const members = { body: null, ...given, method: String(given.method ?? 'GET'), headers }
    for (const [name, value] of Object.entries(members)) {
      Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true })
    }
    for (const name of ['signal', 'redirect']) Object.defineProperty(request, name, { enumerable: false })
    return request
  }

  /** What the host makes an HTTP answer of, or undefined where `value` is no Response. */
  function answerOf(value: unknown): unknown {
    if (!(value instanceof Response)) return undefined
    const { headers, ...content } = describe(value)
    const { body, body_base64 } = content
    return { status: value.status, headers, ...(body_base64 === undefined ? { body } : { body_base64 }) }
  }

  return {
    Headers,
    Request,
    Response,
    routeRequest,
    answerOf,
    describe,
    received: (...args: Parameters<typeof received>) => received(...args),
    withContentOf,
  }
}

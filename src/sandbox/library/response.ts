import type { bodyLibrary } from './body.ts'
import type { headerLibrary } from './headers.ts'
import type { Kit } from './kit.ts'

/** Response. */
export function responseLibrary(kit: Kit<{ body: typeof bodyLibrary; headers: typeof headerLibrary }>) {
  interface Init {
    readonly status?: unknown
    readonly statusText?: unknown
    readonly headers?: unknown
  }
  const { Headers } = kit.library('headers')
  const { Message, contents, contentOf, contentDescribed, describe } = kit.library('body')
  type Answer = Parameters<typeof contentDescribed>[0] & { readonly status: number }

  let received: (answer: Answer, url: string) => Response

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
        throw new RangeError(`${String(init.status)} is not a valid status of a response`)
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

  /** What the host builds its HTTP answer from; undefined when `value` is not a Response. */
  function answerOf(value: unknown): unknown {
    if (!(value instanceof Response)) return undefined
    const { headers, ...content } = describe(value)
    const { body, body_base64 } = content
    return { status: value.status, headers, ...(body_base64 === undefined ? { body } : { body_base64 }) }
  }

  return {
    Response,
    answerOf,
    /** The response of the host to `fetch`. */
    received: (answer: Answer, url: string) => received(answer, url),
  }
}

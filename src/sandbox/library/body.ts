import type { encodingLibrary } from './encoding.ts'
import type { headerLibrary } from './headers.ts'
import type { Kit } from './kit.ts'
import type { pairLibrary } from './pairs.ts'

/** The bodies of Request and Response. They are whole: a text or bytes, never a stream. */
export function bodyLibrary(
  kit: Kit<{ encoding: typeof encodingLibrary; headers: typeof headerLibrary; pairs: typeof pairLibrary }>,
) {
  type Headers = InstanceType<ReturnType<typeof headerLibrary>['Headers']>
  interface Content {
    readonly text?: string
    readonly bytes?: ArrayBuffer
    readonly type?: string
  }
  /** How the host describes a message; its body is text, or base64 when it is not text. */
  interface Described {
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | null
    readonly body_base64?: string
  }

  function contentOf(body: unknown): Content {
    if (body === undefined || body === null) return {}
    if (typeof body === 'string') return { text: body, type: 'text/plain;charset=UTF-8' }
    const { URLSearchParams } = kit.library('pairs')
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
      const { FormData, URLSearchParams } = kit.library('pairs')
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

  /** `message` with the content of another one. */
  function withContentOf<T extends Message>(message: T, from: Message): T {
    contents.set(message, contents.get(from) ?? {})
    return message
  }

  return { Message, contents, contentOf, contentDescribed, describe, withContentOf }
}

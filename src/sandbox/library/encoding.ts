import type { Kit } from './kit.ts'

/** TextEncoder, TextDecoder, atob and btoa. */
export function encodingLibrary(kit: Kit) {
  /** A copy of the bytes of an ArrayBuffer or of a view of one. */
  function bytesOf(source: unknown): ArrayBuffer {
    if (source instanceof ArrayBuffer) return source.slice(0)
    if (ArrayBuffer.isView(source)) {
      const { buffer, byteOffset, byteLength } = source
      return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer
    }
    throw new TypeError('expected an ArrayBuffer or a typed array')
  }

  function encode(text: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(kit.native('encode', [text]) as ArrayBuffer)
  }

  class TextEncoder {
    get encoding(): string {
      return 'utf-8'
    }

    encode(text: unknown = ''): Uint8Array<ArrayBuffer> {
      return encode(String(text))
    }

    encodeInto(source: unknown, target: Uint8Array): { read: number; written: number } {
      const text = String(source)
      const fit = kit.native('fit', [text, target.length]) as { read: number; written: number }
      target.set(encode(text.slice(0, fit.read)))
      return fit
    }

    get [Symbol.toStringTag](): string {
      return 'TextEncoder'
    }
  }

  class TextDecoder {
    readonly encoding: string
    readonly fatal: boolean
    readonly ignoreBOM: boolean

    constructor(label: unknown = 'utf-8', options?: { fatal?: unknown; ignoreBOM?: unknown }) {
      this.encoding = kit.native('encoding', [String(label)]) as string
      this.fatal = Boolean(options?.fatal)
      this.ignoreBOM = Boolean(options?.ignoreBOM)
    }

    decode(source?: unknown, options?: { stream?: unknown }): string {
      if (options?.stream)
        throw new TypeError('TextDecoder does not decode a stream here: decode all bytes at once')
      const { encoding, fatal, ignoreBOM } = this
      const bytes = source === undefined ? new ArrayBuffer(0) : bytesOf(source)
      return kit.native('decode', [encoding, fatal, ignoreBOM], bytes) as string
    }

    get [Symbol.toStringTag](): string {
      return 'TextDecoder'
    }
  }

  return {
    TextEncoder,
    TextDecoder,
    atob: (text: unknown) => kit.native('atob', [String(text)]) as string,
    btoa: (text: unknown) => kit.native('btoa', [String(text)]) as string,
    bytesOf,
  }
}

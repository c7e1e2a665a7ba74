import type { encodingLibrary } from './encoding.ts'
import type { exceptionLibrary } from './exception.ts'
import type { Kit } from './kit.ts'

/** crypto: random values, digests and HMAC. */
export function cryptoLibrary(
  kit: Kit<{ encoding: typeof encodingLibrary; exception: typeof exceptionLibrary }>,
) {
  interface Algorithm {
    readonly name: string
    readonly hash?: string | { readonly name: string }
  }
  const hashes = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']
  /** The bytes of each key. */
  const secrets = new WeakMap<object, ArrayBuffer>()

  function fault(message: string, name: string): Error {
    const { DOMException } = kit.library('exception')
    return new DOMException(message, name)
  }

  const bytesOf = (source: unknown) => kit.library('encoding').bytesOf(source)

  function hashNamed(given: unknown): string {
    const name = typeof given === 'object' && given !== null ? (given as Algorithm).name : given
    const found = hashes.find(each => each === String(name).toUpperCase())
    if (found === undefined) throw fault(`${String(name)} is not supported`, 'NotSupportedError')
    return found
  }

  function requireHmac(algorithm: unknown): void {
    const name = typeof algorithm === 'string' ? algorithm : (algorithm as Algorithm | undefined)?.name
    if (String(name).toUpperCase() !== 'HMAC')
      throw fault(`${String(name)} is not supported`, 'NotSupportedError')
  }

  class CryptoKey {
    readonly type = 'secret'
    readonly extractable: boolean
    readonly algorithm: {
      readonly name: string
      readonly hash: { readonly name: string }
      readonly length: number
    }
    readonly usages: readonly string[]

    constructor(hash: string, bytes: ArrayBuffer, extractable: boolean, usages: readonly string[]) {
      this.extractable = extractable
      this.algorithm = { name: 'HMAC', hash: { name: hash }, length: bytes.byteLength * 8 }
      this.usages = usages
      secrets.set(this, bytes)
    }
  }

  function secretOf(key: unknown, usage: string): { hash: string; bytes: ArrayBuffer } {
    const bytes = key instanceof CryptoKey ? secrets.get(key) : undefined
    if (bytes === undefined) throw new TypeError('expected a CryptoKey')
    const { algorithm, usages } = key as CryptoKey
    if (!usages.includes(usage)) throw fault(`this key is not for ${usage}`, 'InvalidAccessError')
    return { hash: algorithm.hash.name, bytes }
  }

  const subtle = {
    async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
      return kit.native('digest', [hashNamed(algorithm)], bytesOf(data)) as ArrayBuffer
    },
    async importKey(
      format: unknown,
      data: unknown,
      algorithm: Algorithm,
      extractable: unknown,
      usages: Iterable<unknown>,
    ) {
      if (format !== 'raw') throw fault(`the format ${String(format)} is not supported`, 'NotSupportedError')
      requireHmac(algorithm)
      const bytes = bytesOf(data)
      if (bytes.byteLength === 0) throw fault('the key is empty', 'DataError')
      return new CryptoKey(hashNamed(algorithm.hash), bytes, Boolean(extractable), [...usages].map(String))
    },
    async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer> {
      const bytes = key instanceof CryptoKey ? secrets.get(key) : undefined
      if (format !== 'raw' || bytes === undefined)
        throw fault('only raw keys are exported', 'NotSupportedError')
      if (!(key as CryptoKey).extractable) throw fault('this key may not be exported', 'InvalidAccessError')
      return bytes.slice(0)
    },
    async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
      requireHmac(algorithm)
      const { hash, bytes } = secretOf(key, 'sign')
      return kit.native('hmac', [hash], bytes, bytesOf(data)) as ArrayBuffer
    },
    async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
      requireHmac(algorithm)
      const { hash, bytes } = secretOf(key, 'verify')
      return kit.native('hmacVerify', [hash], bytes, bytesOf(data), bytesOf(signature)) as boolean
    },
  }

  function getRandomValues<T extends ArrayBufferView>(view: T): T {
    const isInteger =
      ArrayBuffer.isView(view) && !(view instanceof DataView) && !/Float/.test(view.constructor.name)
    if (!isInteger) throw fault('expected a typed array of integers', 'TypeMismatchError')
    if (view.byteLength > 65_536) throw fault('at most 65536 bytes at once', 'QuotaExceededError')
    const bytes = kit.native('random', [view.byteLength]) as ArrayBuffer
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(new Uint8Array(bytes))
    return view
  }

  const crypto = { getRandomValues, randomUUID: () => kit.native('uuid', []) as string, subtle }
  return { crypto, CryptoKey }
}

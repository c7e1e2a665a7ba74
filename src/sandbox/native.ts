import { Buffer } from 'node:buffer'
import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { callIntl, intlText } from './native-intl.ts'

/** What a script hands over or gets at once: UTF-16 units of JSON text, bytes of buffers. */
const maxNativeText = 4 * 1024 * 1024
const maxNativeBytes = 8 * 1024 * 1024
/** Of a query: Node reads a million pairs in a minute. */
const maxQueryText = 128 * 1024

type Args = readonly unknown[]
/** JSON text, or bytes. */
type NativeAnswer = string | Uint8Array

const urlMembers = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const
type UrlMember = (typeof urlMembers)[number]

const hashes: ReadonlyMap<string, string> = new Map([
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
])

/** The names that an error of these functions may have in the script. */
const shownErrors: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'InvalidCharacterError'])

/**
 * Pure functions of texts and bytes that Node has and QuickJS lacks. Nothing of the host goes in or out: arguments
 * come as JSON text and buffers, answers are copied.
 */
const functions: ReadonlyMap<string, (args: Args, buffers: readonly Uint8Array[]) => unknown> = new Map<
  string,
  (args: Args, buffers: readonly Uint8Array[]) => unknown
>([
  ['url', ([url, base]) => partsOf(base === null ? new URL(text(url)) : new URL(text(url), text(base)))],
  ['urlWith', ([url, member, value]) => partsOf(urlWith(text(url), text(member), text(value)))],
  ['query', ([query]) => [...new URLSearchParams(short(query))]],
  ['queryText', ([pairs]) => new URLSearchParams(pairs as [string, string][]).toString()],
  ['encode', ([given]) => new TextEncoder().encode(text(given))],
  ['fit', ([given, room]) => new TextEncoder().encodeInto(text(given), new Uint8Array(count(room)))],
  ['encoding', ([label]) => new TextDecoder(text(label)).encoding],
  ['decode', ([label, fatal, ignoreBOM], [bytes]) => decoder(label, fatal, ignoreBOM).decode(bytes)],
  ['atob', ([given]) => atob(text(given))],
  ['btoa', ([given]) => btoa(text(given))],
  ['base64', (_args, [bytes]) => Buffer.from(bytes ?? []).toString('base64')],
  ['unbase64', ([given]) => new Uint8Array(Buffer.from(text(given), 'base64'))],
  ['random', ([length]) => new Uint8Array(randomBytes(count(length, 65_536)))],
  ['uuid', () => randomUUID()],
  [
    'digest',
    ([hash], [data]) =>
      new Uint8Array(
        createHash(hashOf(hash))
          .update(data ?? '')
          .digest(),
      ),
  ],
  ['hmac', ([hash], [key, data]) => hmac(hash, key, data)],
  ['hmacVerify', ([hash], [key, data, signature]) => sameBytes(hmac(hash, key, data), signature)],
  ['intl', args => callIntl(args)],
  ['intlText', args => intlText(args)],
])

/** Never throws: what goes wrong is `{"error":{"name","message"}}`. `args` is the JSON text of an array. */
export function callNative(name: string, args: string, buffers: readonly Uint8Array[]): NativeAnswer {
  try {
    if (args.length > maxNativeText || buffers.some(bytes => bytes.length > maxNativeBytes)) {
      throw new RangeError('too much at once')
    }
    const value = functions.get(name)?.(JSON.parse(args), buffers)
    if (value instanceof Uint8Array) return bounded(value, value.length, maxNativeBytes)
    const answer = JSON.stringify({ value })
    return bounded(answer, answer.length, maxNativeText)
  } catch (error) {
    return JSON.stringify({ error: shownError(error) })
  }
}

function bounded<T>(answer: T, size: number, limit: number): T {
  if (size > limit) throw new RangeError('too much at once')
  return answer
}

function shownError(error: unknown): { name: string; message: string } {
  const { name, message } = Object(error) as { name?: unknown; message?: unknown }
  if (typeof name !== 'string' || !shownErrors.has(name)) return { name: 'TypeError', message: 'failed' }
  return { name, message: String(message) }
}

function partsOf(url: URL): Record<UrlMember, string> {
  return Object.fromEntries(urlMembers.map(member => [member, url[member]])) as Record<UrlMember, string>
}

function urlWith(href: string, member: string, value: string): URL {
  const url = new URL(href)
  const found = urlMembers.find(each => each === member)
  if (found !== undefined && found !== 'origin') url[found] = value
  return url
}

function decoder(label: unknown, fatal: unknown, ignoreBOM: unknown) {
  return new TextDecoder(text(label), { fatal: fatal === true, ignoreBOM: ignoreBOM === true })
}

function hashOf(name: unknown): string {
  const hash = hashes.get(text(name))
  if (hash === undefined) throw new TypeError('there is no such hash')
  return hash
}

function hmac(hash: unknown, key: Uint8Array | undefined, data: Uint8Array | undefined): Uint8Array {
  return new Uint8Array(
    createHmac(hashOf(hash), key ?? '')
      .update(data ?? '')
      .digest(),
  )
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && timingSafeEqual(a, b)
}

function short(query: unknown): string {
  return bounded(text(query), text(query).length, maxQueryText)
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('expected a string')
  return value
}

function count(value: unknown, limit = maxNativeBytes): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= limit)) throw new RangeError('too much at once')
  return Math.trunc(value)
}

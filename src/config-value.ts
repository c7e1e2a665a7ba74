import { createPublicKey } from 'node:crypto'
import { timeZoneFault } from './time-zone.ts'

/** Reads the text of one variable; throws Error whose message says what was expected, never the text itself. */
export type ParseValue<T> = (text: string) => T

export function someText(text: string): string {
  if (text.trim() === '') throw new Error('expected some text')
  return text
}

/** A whole number of `least` to `most`. */
export function wholeNumber(least: number, most: number): ParseValue<number> {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new Error(`expected a whole number from ${least} to ${most}`)
  }
}

export function oneOf<const T extends string>(...words: readonly T[]): ParseValue<T> {
  return text => {
    const word = words.find(word => word === text)
    if (word === undefined) throw new Error(`expected one of ${words.join(', ')}`)
    return word
  }
}

export function textMatching(pattern: RegExp, expected: string): ParseValue<string> {
  return text => {
    if (!pattern.test(text)) throw new Error(`expected ${expected}`)
    return text
  }
}

/** A secret of at least `bytes` bytes in UTF-8. */
export function secretOfAtLeast(bytes: number): ParseValue<string> {
  return text => {
    if (Buffer.byteLength(text) < bytes) throw new Error(`expected at least ${bytes} bytes`)
    return text
  }
}

/** The elements of a comma-separated list, blanks around them dropped. */
export function listOf<T>(parse: ParseValue<T>): ParseValue<readonly T[]> {
  return text =>
    Object.freeze(
      text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
        .map(parse),
    )
}

/** A URL whose scheme is one of `schemes`, e.g. `postgres`. */
export function urlOf(...schemes: readonly string[]): ParseValue<string> {
  return text => {
    const url = URL.parse(text)
    if (url !== null && schemes.includes(url.protocol.slice(0, -1))) return text
    throw new Error(`expected a URL starting with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`)
  }
}

/** A host name or IP address as a `Host` header holds it, without the port: lower case, IPv6 in brackets. */
export function hostName(text: string): string {
  if (URL.parse(`http://${text}`)?.hostname === text.toLowerCase()) return text.toLowerCase()
  throw new Error('expected host names or addresses (IPv6 in brackets) without a port')
}

/** A web origin as browsers send it (RFC 6454), e.g. `https://console.example`. */
export function webOrigin(text: string): string {
  const url = URL.parse(text)
  const isPlain = url !== null && (text === url.origin || text === `${url.origin}/`)
  if (isPlain && url.origin !== 'null') return url.origin
  throw new Error('expected origins such as https://console.example')
}

/** A PEM public key that can check RS256 (2048 bits or more) or ES256 (P-256) signatures. */
export function publicKeyPem(text: string): string {
  const expected = new Error('expected the PEM text of an RSA (2048 bits or more) or P-256 public key')
  if (text.includes('PRIVATE KEY')) throw expected
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(text)
    if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return text
    if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return text
  } catch {
    throw expected
  }
  throw expected
}

/** A time zone that means one thing, e.g. `Europe/Berlin`. */
export function timeZone(text: string): string {
  const fault = timeZoneFault(text)
  if (fault !== undefined) throw new Error(fault)
  return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
}

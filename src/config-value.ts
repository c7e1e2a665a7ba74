import { createPublicKey } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { availableParallelism } from 'node:os'
import { isAddressRange } from './ip-address.ts'
import { timeZoneFault } from './schedule/time-zone.ts'

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

/** The same, or `auto`: one for each core that this process may use. */
export function perCore(most: number): ParseValue<number> {
  return text => {
    if (text === 'auto') return Math.min(most, availableParallelism())
    try {
      return wholeNumber(1, most)(text)
    } catch {
      throw new Error(`expected a whole number from 1 to ${most}, or auto`)
    }
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

/** An IP address or a range of them, such as 10.0.0.0/8. */
export function addressRange(text: string): string {
  if (isAddressRange(text)) return text
  throw new Error('expected addresses or ranges, such as 10.0.0.1 or 10.0.0.0/8')
}

/** A URL whose scheme is one of `schemes`, e.g. `postgres`. */
export function urlOf(...schemes: readonly string[]): ParseValue<string> {
  return text => {
    const url = URL.parse(text)
    if (url !== null && schemes.includes(url.protocol.slice(0, -1))) return text
    throw new Error(`expected a URL starting with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`)
  }
}

/**
 * A host name or IP address as a `Host` header holds it, without the port: lower case, IPv6 in brackets; or
 * `*.example.com`: its subdomains.
 */
export function hostName(text: string): string {
  const name = withoutWildcard(text, 'hosts')
  const host = URL.parse(`http://${name}`)?.hostname
  const isSubdomains = name !== text
  if (host === name.toLowerCase() && !(isSubdomains && isAddress(host))) return text.toLowerCase()
  throw new Error('expected host names, *.example.com or addresses (IPv6 in brackets) without a port')
}

/** A web origin as browsers send it (RFC 6454), e.g. `https://console.example`; or `https://*.example`: its subdomains. */
export function webOrigin(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z]+:\/\/)?(.*)$/i.exec(text) ?? []
  const name = withoutWildcard(rest, 'origins')
  const url = URL.parse(scheme + name)
  const isPlain = url !== null && (scheme + name === url.origin || scheme + name === `${url.origin}/`)
  const isSubdomains = name !== rest
  if (isPlain && url.origin !== 'null' && !(isSubdomains && isAddress(url.hostname))) {
    return isSubdomains ? url.origin.replace('://', '://*.') : url.origin
  }
  throw new Error('expected origins such as https://console.example or https://*.example')
}

/** What follows one leading `*.`. Throws Error for a `*` that would do nothing, or anything. */
function withoutWildcard(text: string, what: string): string {
  const name = text.replace(/^\*\./, '')
  if (name === '*' || name === '') {
    throw new Error(`* would let every web page call: list the ${what}, or begin one with *.`)
  }
  if (name.includes('*')) throw new Error('* may only stand in front, as *.')
  return name
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || isIPv4(host)
}

const armoured = /-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/s
const publicLabels = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE'] as const

/**
 * A public key that can check RS256 (2048 bits or more) or ES256 (P-256) signatures, as PEM text. Also taken: line ends
 * written as `\n` or lost, as they are in environments, and the base64 text alone.
 */
export function publicKeyPem(text: string): string {
  const plain = text.replace(/\\r|\\n/g, '\n')
  const [, label, body] = armoured.exec(plain) ?? []
  const labels = label === undefined ? publicLabels : publicLabels.filter(each => each === label)
  for (const each of labels) {
    const pem = armour(each, body ?? plain)
    if (isSignatureKey(pem)) return pem
  }
  throw new Error('expected the PEM text of an RSA (2048 bits or more) or P-256 public key')
}

function armour(label: string, body: string): string {
  const lines = body.replace(/\s/g, '').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function isSignatureKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem)
    if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

/** A time zone that means one thing, e.g. `Europe/Berlin`. */
export function timeZone(text: string): string {
  const fault = timeZoneFault(text)
  if (fault !== undefined) throw new Error(fault)
  return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
}

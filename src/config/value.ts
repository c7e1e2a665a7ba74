import { createPublicKey } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { isAddressRange } from '../ip-address.ts'
import { parseAllow } from '../outbound/address.ts'
import { timeZoneFault } from '../schedule/time-zone.ts'

/**
 * A schema that reads the text of one variable. Its description says what it takes, for the docs and for the fault:
 * `expected a whole number from 0 to 65535`.
 */
export type TextSchema<T = unknown> = z.ZodType<T, string>

export const someText = z.string().regex(/\S/).describe('some text')

export function wholeNumber(least: number, most: number) {
  const schema = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most))
  return schema.describe(`a whole number from ${least} to ${most}`)
}

/** A whole number of at least 1, or `auto`: one for each core that this process may use. */
export function perCore(most: number) {
  const auto = z.literal('auto').transform(() => Math.min(most, availableParallelism()))
  return z.union([wholeNumber(1, most), auto]).describe(`a whole number from 1 to ${most}, or auto`)
}

export function oneOf<const T extends string>(...words: readonly T[]) {
  return z.enum(words).describe(`one of ${words.join(', ')}`)
}

/** A secret of at least `bytes` bytes in UTF-8. */
export function secretOfAtLeast(bytes: number) {
  return z
    .string()
    .refine(text => Buffer.byteLength(text) >= bytes)
    .describe(`at least ${bytes} bytes`)
}

/** A comma-separated list, frozen; blanks around its elements are dropped. */
export function listOf(element: TextSchema<string>) {
  const parts = z.string().transform(text =>
    text
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
  const list = parts.pipe(z.array(element)).readonly()
  return list.describe(element.description ?? '').prefault('')
}

/** A URL whose scheme is one of `schemes`, e.g. `postgres`. */
export function urlOf(...schemes: readonly string[]) {
  const starts = schemes.map(scheme => `${scheme}://`).join(' or ')
  return z
    .string()
    .refine(text => schemes.some(scheme => URL.parse(text)?.protocol === `${scheme}:`))
    .describe(`a URL starting with ${starts}`)
}

export const addressRange = z
  .string()
  .refine(isAddressRange)
  .describe('addresses or ranges, such as 10.0.0.1 or 10.0.0.0/8')

/** A time zone under its canonical name. */
export const timeZone = z
  .string()
  .refine(text => timeZoneFault(text) === undefined)
  .transform(text => new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone)
  .describe('a time zone such as Europe/Berlin, or UTC, but no abbreviation or offset')

/** What may be reached although it is private. */
export const outboundEntry = taking(
  'hosts, addresses or ranges such as 10.0.0.0/8 or [::1]:8080, with or without a port',
  text => parseAllow(text) && text,
)

/** A host as a `Host` header holds it: lower case, IPv6 in brackets; or `*.example.com`: its subdomains. */
export const hostName = taking(
  'host names, *.example.com or addresses (IPv6 in brackets), without a port and never * alone',
  text => {
    const name = text.replace(/^\*\./, '')
    const isHost = hostOf(`http://${name}`, name !== text) === name.toLowerCase()
    return isHost ? text.toLowerCase() : undefined
  },
)

/** A web origin as browsers send it (RFC 6454), e.g. `https://console.example`; or `https://*.example`: its subdomains. */
export const webOrigin = taking(
  'origins such as https://console.example or https://*.example, never * alone',
  text => {
    const plain = text.replace('://*.', '://')
    const { origin } = new URL(plain)
    const isOrigin = hostOf(plain, plain !== text) && (plain === origin || plain === `${origin}/`)
    if (!isOrigin) return undefined
    return plain === text ? origin : origin.replace('://', '://*.')
  },
)

/** The host of a URL, or undefined when it holds a wildcard; an address has no subdomains. */
function hostOf(text: string, isSubdomains: boolean): string | undefined {
  const host = new URL(text).hostname
  const isAddress = host.startsWith('[') || isIPv4(host)
  return host.includes('*') || (isSubdomains && isAddress) ? undefined : host
}

const armoured = /-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/s
const publicLabels = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE'] as const

/**
 * A public key that can check RS256 (2048 bits or more) or ES256 (P-256) signatures, as PEM text. Also taken: line ends
 * written as `\n` or lost, as they are in environments, and the base64 text alone.
 */
export const publicKeyPem = taking('the PEM text of an RSA (2048 bits or more) or P-256 public key', text => {
  const plain = text.replace(/\\r|\\n/g, '\n')
  const [, label, body = plain] = armoured.exec(plain) ?? []
  return publicLabels
    .filter(each => label === undefined || each === label)
    .map(each => armour(each, body))
    .find(isSignatureKey)
})

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

/** A schema of texts. `take` makes a value of one; for a text that is not taken it gives undefined or throws. */
function taking(expected: string, take: (text: string) => string | undefined) {
  const schema = z.string().transform((text, context) => {
    try {
      const value = take(text)
      if (value !== undefined) return value
    } catch {}
    context.addIssue(`expected ${expected}`)
    return z.NEVER
  })
  return schema.describe(expected)
}

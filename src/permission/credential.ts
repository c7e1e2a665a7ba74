import { createHmac, hash, randomInt, timingSafeEqual } from 'node:crypto'
import { RpcError } from '../errors.ts'

/** What a client presented, taken apart; none of it is checked yet. */
export type Credential =
  | { readonly kind: 'secret'; readonly key: string; readonly secret: string }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'jwt'; readonly jwt: string }

export interface KeyAndSecret {
  readonly key: string
  readonly secret: string
}

/** The most characters of a credential: what fits into a header beside the others. */
export const maxCredentialLength = 8192

/** How usernames begin that NodeGet's programs give to the tokens of agents; no key can. */
const agentPrefix = '[agent]:'
const agentName = /^\[agent\]:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Whether a username is `[agent]:` and a UUID. */
export function isAgentName(username: string): boolean {
  return agentName.test(username)
}

/** The credential that a connection has shown last, with its digest. */
export type ShownCredential = Map<string, string>

/**
 * Under what a credential is remembered. `shown`: what its connection has shown, so that a digest is computed once. A Map compares
 * seeded hashes before it compares texts: how long it takes does not tell how much of two credentials is alike.
 */
export function digestOf(credential: string, shown?: ShownCredential): string {
  const known = shown?.get(credential)
  if (known !== undefined) return known
  const digest = hash('sha256', credential, 'base64')
  if (shown !== undefined && credential.length <= maxCredentialLength) {
    shown.clear()
    shown.set(credential, digest)
  }
  return digest
}

const jwtShape = /^[\w-]+\.[\w-]+\.[\w-]*$/

/**
 * Takes a credential apart: `key:secret` or `username|password`, split at the separator that comes first (behind the
 * `[agent]:` of a username that names an agent), or a JWT.
 * Throws RpcError 101 (reason `malformed_credential`), which never holds the text.
 */
export function parseCredential(text: string): Credential {
  if (text.length > maxCredentialLength) throw malformedCredential()
  const at = text.startsWith(agentPrefix) ? text.indexOf('|') : text.search(/[:|]/)
  if (at === -1) {
    if (!jwtShape.test(text)) throw malformedCredential()
    return { kind: 'jwt', jwt: text }
  }
  const before = text.slice(0, at)
  const after = text.slice(at + 1)
  // A NUL would fail inside the database instead of here.
  if (before === '' || after === '' || before.includes('\0') || !before.isWellFormed()) {
    throw malformedCredential()
  }
  if (text[at] === ':') return { kind: 'secret', key: before, secret: after }
  return { kind: 'password', username: before, password: after }
}

/** What the tickets of `stream_ticket` begin with: no credential does. */
export const ticketPrefix = 'ticket.'

export function isTicket(text: string): boolean {
  return text.startsWith(ticketPrefix)
}

export function malformedCredential(): RpcError {
  return new RpcError('malformed_credential', 'The credential is malformed')
}

const alphanumerics = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A new token's key, 16 letters and digits. */
export function generateKey(): string {
  return randomText(16)
}

/** A new token's secret, 32 letters and digits: 190 bits. */
export function generateSecret(): string {
  return randomText(32)
}

function randomText(length: number): string {
  return Array.from({ length }, () => alphanumerics[randomInt(alphanumerics.length)]).join('')
}

/** What is kept of a secret: SHA-256 keyed with the server's pepper, 32 bytes. */
export function digestSecret(secret: string, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(secret).digest()
}

const noDigest = Buffer.alloc(32)

/** Compares in constant time; without a stored digest (an unknown key) it costs the same and is false. */
export function isSecretOf(digest: Uint8Array | undefined, secret: string, pepper: string): boolean {
  const isEqual = timingSafeEqual(digestSecret(secret, pepper), digest ?? noDigest)
  return isEqual && digest !== undefined
}

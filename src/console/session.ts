import { signal } from '@preact/signals'
import { createClient, DaybookError, type TokenInfo } from '../client/client.ts'
import { keep, readKeptJson } from './storage.ts'

/** Who is logged in. */
export interface Session {
  /** What calls present: `key:secret`, or a JWT that was issued for a password. Never a password. */
  readonly token: string
  /** The user name, or the token's key. */
  readonly name: string
  /** When it ends, epoch milliseconds; absent for what lasts. */
  readonly expiresAt?: number
}

/** Why somebody who was logged in no longer is. */
export type Ended = 'left' | 'expired' | 'refused'

/** Where JSON-RPC is answered: the console is at `console/` beneath it. */
export const serverUrl = new URL('../', location.href.split('#')[0]).href

// The longest that the server issues. Its JWTs cannot be renewed, and the password is not kept to get another.
const issuedMs = 24 * 60 * 60 * 1000

/** A tab's own: it ends with the tab, and no other tab reads it. */
export const session = signal<Session | undefined>(readSession())

/** Why there is no session, if there was one. */
export const ended = signal<Ended | undefined>(undefined)

/** Logs in with `key:secret` or a JWT. Throws what the client throws. */
export async function logInWithToken(token: string): Promise<void> {
  begin({ token, name: nameOf(await createClient({ url: serverUrl, token }).tokens.get()) })
}

/** Exchanges the password for a short-lived token. Throws what the client throws. */
export async function logInWithPassword(username: string, password: string): Promise<void> {
  const client = createClient({ url: serverUrl, token: `${username}|${password}` })
  const { jwt, expires_at: expiresAt } = await client.tokens.issue(issuedMs)
  begin({ token: jwt, name: username, expiresAt })
}

export function logOut(reason: Ended): void {
  if (session.peek() === undefined) return
  keep('session', 'session', undefined)
  ended.value = reason
  session.value = undefined
}

/**
 * Whether the session's credential still holds. A refusal of one call may mean either that the credential is
 * gone or that it does not permit the call: the server says the same of both.
 */
export async function checkSession(): Promise<void> {
  const asked = session.peek()
  if (asked === undefined) return
  try {
    await createClient({ url: serverUrl, token: asked.token }).tokens.get()
  } catch (error) {
    if (session.peek() !== asked || !isRefused(error)) return
    logOut(error.reason === 'credential_expired' ? 'expired' : 'refused')
  }
}

export function isRefused(error: unknown): error is DaybookError {
  return error instanceof DaybookError && (error.code === 101 || error.code === 102)
}

export function startSession(): void {
  setInterval(() => {
    const expiresAt = session.peek()?.expiresAt
    if (expiresAt !== undefined && expiresAt <= Date.now()) logOut('expired')
  }, 10_000)
}

function begin(next: Session): void {
  keep('session', 'session', JSON.stringify(next))
  ended.value = undefined
  session.value = next
}

function nameOf({ username, token_key: key }: TokenInfo): string {
  return username ?? key
}

function readSession(): Session | undefined {
  const found = readKeptJson('session', 'session', isSession)
  return found?.expiresAt !== undefined && found.expiresAt <= Date.now() ? undefined : found
}

function isSession(value: unknown): value is Session {
  return (
    typeof value === 'object' &&
    value !== null &&
    'token' in value &&
    typeof value.token === 'string' &&
    'name' in value &&
    typeof value.name === 'string' &&
    (!('expiresAt' in value) || typeof value.expiresAt === 'number')
  )
}

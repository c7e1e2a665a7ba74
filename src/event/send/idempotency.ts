import { hash } from 'node:crypto'
import type { Runner } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import { isExactNumber, plainDigits } from '../../json.ts'

/** A request that is to be carried out once, however often it comes. */
export interface OnceOnly {
  /** Who asks: everybody has keys of their own. */
  readonly principal: string
  readonly key: string
  /** What was asked for: the same key with something else is refused. */
  readonly request: unknown
  /** Where the key stood, for the error. */
  readonly path: string
}

/** How long a key is remembered. */
const idempotencyMs = 24 * 60 * 60 * 1000

/**
 * Carries `work` out unless the key was used before; then answers what it answered. A rival with the same key waits
 * for this transaction to end. Throws RpcError 109 (reason `idempotency_key_reused`) when the key came with another request.
 */
export async function onceOnly<T>(
  { kysely }: Runner,
  { principal, key, request, path }: OnceOnly,
  now: number,
  work: () => Promise<T>,
): Promise<T> {
  const digest = hash('sha256', canonicalJson(request))
  const claimed = await kysely
    .insertInto('event_idempotency')
    .values({
      token_key: principal,
      idempotency_key: key,
      digest,
      answer: '',
      created_time: new Date(now),
    })
    .onConflict(conflict => conflict.doNothing())
    .returning('digest')
    .executeTakeFirst()
  if (claimed === undefined) {
    const kept = await kysely
      .selectFrom('event_idempotency')
      .select(['digest', 'answer'])
      .where('token_key', '=', principal)
      .where('idempotency_key', '=', key)
      .executeTakeFirstOrThrow()
    if (kept.digest !== digest) throw keyReused(path)
    return JSON.parse(kept.answer) as T
  }
  const answer = await work()
  await kysely
    .updateTable('event_idempotency')
    .set({ answer: JSON.stringify(answer) })
    .where('token_key', '=', principal)
    .where('idempotency_key', '=', key)
    .execute()
  return answer
}

/** Forgets the keys of requests that are too old to be sent again. */
export async function forgetKeys({ kysely }: Runner, now: number): Promise<void> {
  await kysely
    .deleteFrom('event_idempotency')
    .where('created_time', '<', new Date(now - idempotencyMs))
    .execute()
}

function keyReused(path: string): RpcError {
  return new RpcError('idempotency_key_reused', 'The idempotency key was used for another request', { path })
}

/**
 * The same text for the same JSON value, at any depth: whatever the order of an object's members and however its numbers are
 * written. Members that are undefined are left out, as in JSON. Only to be compared: no JSON parser reads its numbers back.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number') return plainDigits(String(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (isExactNumber(value)) return plainDigits(value.rawJSON)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

import type { Selectable } from 'kysely'
import type { Runner } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'
import type { TokenLimit } from '../permission/limit.ts'

/** A token as the database keeps it; times in epoch milliseconds. */
export interface StoredToken {
  readonly id: number
  readonly key: string
  readonly secretDigest: Uint8Array
  readonly secretGeneration: number
  readonly username: string | null
  readonly passwordHash: string | null
  readonly validFrom: number | null
  readonly validTo: number | null
  readonly version: number
  readonly limits: TokenLimit
  readonly isSuper: boolean
}

export type NewToken = Omit<StoredToken, 'id' | 'secretGeneration' | 'version'>

export async function findTokenByKey({ kysely }: Runner, key: string): Promise<StoredToken | undefined> {
  const row = await kysely.selectFrom('token').selectAll().where('token_key', '=', key).executeTakeFirst()
  return row && toToken(row)
}

export async function findTokenByUsername(
  { kysely }: Runner,
  username: string,
): Promise<StoredToken | undefined> {
  const row = await kysely.selectFrom('token').selectAll().where('username', '=', username).executeTakeFirst()
  return row && toToken(row)
}

/** All tokens, oldest first. */
export async function findSuperToken({ kysely }: Runner): Promise<StoredToken | undefined> {
  const row = await kysely.selectFrom('token').selectAll().where('is_super', '=', true).executeTakeFirst()
  return row && toToken(row)
}

export async function listTokens({ kysely }: Runner): Promise<readonly StoredToken[]> {
  const rows = await kysely.selectFrom('token').selectAll().orderBy('id').execute()
  return rows.map(toToken)
}

/** False, and nothing is inserted, when the username is taken (or, for a super token, when there is one). */
export async function insertToken({ kysely }: Runner, token: NewToken): Promise<boolean> {
  const row = await kysely
    .insertInto('token')
    .values({
      token_key: token.key,
      secret_digest: token.secretDigest,
      username: token.username,
      password_hash: token.passwordHash,
      timestamp_from: toDate(token.validFrom),
      timestamp_to: toDate(token.validTo),
      token_limit: JSON.stringify(token.limits),
      is_super: token.isSuper,
    })
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** What can be changed of a token; a changed secret or password ends the JWTs that it issued. */
export interface TokenChange {
  readonly limits?: TokenLimit
  readonly secretDigest?: Uint8Array
  readonly passwordHash?: string
}

/** False when there is no such token any more. */
export async function updateToken({ kysely }: Runner, id: number, change: TokenChange): Promise<boolean> {
  const { limits, secretDigest, passwordHash } = change
  const endsJwts = secretDigest !== undefined || passwordHash !== undefined
  const row = await kysely
    .updateTable('token')
    .set(eb => ({
      ...(limits && { token_limit: JSON.stringify(limits) }),
      ...(secretDigest && { secret_digest: secretDigest }),
      ...(passwordHash !== undefined && { password_hash: passwordHash }),
      ...(endsJwts && { secret_generation: eb('secret_generation', '+', 1) }),
    }))
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** False when there is no such token any more. */
export async function deleteToken({ kysely }: Runner, id: number): Promise<boolean> {
  const row = await kysely.deleteFrom('token').where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

function toToken(row: Selectable<Schema['token']>): StoredToken {
  return {
    id: row.id,
    key: row.token_key,
    secretDigest: row.secret_digest,
    secretGeneration: row.secret_generation,
    username: row.username,
    passwordHash: row.password_hash,
    validFrom: row.timestamp_from?.getTime() ?? null,
    validTo: row.timestamp_to?.getTime() ?? null,
    version: row.version,
    limits: row.token_limit as TokenLimit,
    isSuper: row.is_super,
  }
}

function toDate(time: number | null): Date | null {
  return time === null ? null : new Date(time)
}

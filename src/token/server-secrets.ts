import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Runner } from '../database/database.ts'

/** What all servers of one database share. */
export interface ServerSecrets {
  /** Mixed into the digest of each token's secret. */
  readonly pepper: string
  /** Signs JWTs. */
  readonly jwtSecret: string
  /** Seals secrets that must be readable again: webhook secrets, the secrets of a script's env. */
  readonly sealingKey: string
}

export interface ConfiguredSecrets {
  readonly pepper?: string | undefined
  readonly jwtSecret?: string | undefined
  readonly sealingKey?: string | undefined
}

/**
 * The configured secrets, and for those that are not configured the ones that the first server generated.
 * Throws Error when the database was set up with another pepper: no token's secret could be checked.
 */
export async function loadServerSecrets(runner: Runner, given: ConfiguredSecrets): Promise<ServerSecrets> {
  return {
    pepper: await loadPepper(runner, given.pepper),
    jwtSecret: given.jwtSecret ?? (await loadOrKeep(runner, 'jwt_secret', generateSecret())),
    sealingKey: given.sealingKey ?? (await loadOrKeep(runner, 'sealing_key', generateSecret())),
  }
}

const generated = 'generated:'
const configured = 'configured:'

// One row says both where the pepper comes from and, when it is ours, what it is: two servers that start at
// once cannot disagree. Of a configured pepper only a digest is kept.
async function loadPepper(runner: Runner, given: string | undefined): Promise<string> {
  const wanted = given === undefined ? generated + generateSecret() : configured + checkDigest(given)
  const kept = await loadOrKeep(runner, 'pepper', wanted)
  if (kept.startsWith(configured)) return requireSamePepper(given, kept.slice(configured.length))
  const pepper = kept.slice(generated.length)
  if (given !== undefined && given !== pepper) {
    throw new Error('DAYBOOK_PEPPER is set, but this database was set up without it: unset it')
  }
  return pepper
}

function requireSamePepper(given: string | undefined, digest: string): string {
  if (given === undefined) {
    throw new Error('this database was set up with DAYBOOK_PEPPER: set it to the same value')
  }
  if (!timingSafeEqual(Buffer.from(checkDigest(given)), Buffer.from(digest))) {
    throw new Error('DAYBOOK_PEPPER is not the one that this database was set up with')
  }
  return given
}

function checkDigest(pepper: string): string {
  return createHmac('sha256', pepper).update('the pepper of this database').digest('hex')
}

function generateSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Stores the value unless one exists, and returns the stored one. */
async function loadOrKeep({ kysely }: Runner, name: string, value: string): Promise<string> {
  await kysely
    .insertInto('server_secret')
    .values({ name, value })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  const row = await kysely
    .selectFrom('server_secret')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return row.value
}

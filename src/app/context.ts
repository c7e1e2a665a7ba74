import { type Clock, systemClock } from '../async/clock.ts'
import { createOftenTold, type OftenTold } from '../audit/often.ts'
import { createRefusals, type Refusals } from '../audit/refusal.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createStatementCache } from '../database/statement-cache.ts'
import { readTableSizes } from '../database/table-sizes.ts'
import type { Logger } from '../logger.ts'
import type { TokenDeps } from '../method/token.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import type { KeyAndSecret } from '../permission/credential.ts'
import { createJwts } from '../permission/jwt.ts'
import { createPasswords, type ScryptCost } from '../permission/password.ts'
import { createRecordService, type RecordService } from '../resource/records.ts'
import { createSealer, type Sealer } from '../seal.ts'
import { type Authenticator, createAuthenticator } from '../token/authenticator.ts'
import { ensureSuperToken } from '../token/first-start.ts'
import { loadServerSecrets } from '../token/server-secrets.ts'
import { writeTokenFile } from '../token/token-file.ts'
import { programVersion } from '../version.ts'
import type { WorkerLink } from './worker-link.ts'

/** How one server is set up; `worker`: its number, where several of them are workers of one port. */
export interface ServerConfig extends Config {
  readonly worker?: number | undefined
}

export interface ContextParts {
  /** The cost of hashing a password; absent: a cost that is safe at rest. */
  readonly passwordCost?: ScryptCost
  /** Where this server is one of several workers of a port. */
  readonly link?: WorkerLink
}

/** What every part of one server shares. */
export interface AppContext {
  readonly config: ServerConfig
  readonly logger: Logger
  readonly metrics: Metrics
  readonly database: Database
  readonly clock: Clock
  readonly version: string
  readonly authenticator: Authenticator
  /** What cursors and tickets are sealed with. */
  readonly sealingKey: string
  readonly sealer: Sealer
  readonly records: RecordService
  readonly tokens: TokenDeps
  /** What may happen often, for the audit trail. */
  readonly often: OftenTold
  readonly refusals: Refusals
  /** The super token, only when this start created it. */
  readonly created: KeyAndSecret | undefined
  /** Reports what failed in the background. */
  onError(what: string): (error: unknown) => void
}

/** Loads what the servers of the database share, and makes sure that there is a super token. */
export async function createContext(
  config: ServerConfig,
  logger: Logger,
  database: Database,
  { passwordCost, link }: ContextParts,
): Promise<AppContext> {
  const clock = systemClock
  const metrics = createMetrics(link)
  metrics.watch('pool', database.stats)
  metrics.watch('tables', () => readTableSizes(database))
  if (database.replica !== undefined) metrics.watch('replica', database.replica)
  const { pepper, jwtSecret, sealingKey } = await loadServerSecrets(database, config)
  const saveSuperToken = (token: KeyAndSecret): Promise<string> => writeTokenFile(config.data, token)
  const sealer = createSealer(sealingKey)
  const version = programVersion()
  const { superToken, jwtPublicKey: publicKey, jwtIssuer: issuer } = config
  const { created } = await ensureSuperToken({ database, pepper, superToken, save: saveSuperToken })
  const jwts = createJwts({ secret: jwtSecret, publicKey, issuer, clock })
  const passwords = createPasswords({ clock, ...(passwordCost && { cost: passwordCost }) })
  const authenticator = await createAuthenticator({
    database,
    jwts,
    passwords,
    pepper,
    clock,
    onLookup: isHit => metrics.countLookup('credential', isHit),
    onRefused: metrics.countRefusedCredential,
  })
  const onError = (what: string) => (error: unknown) => logger.error({ err: error }, `${what} failed`)
  const often = createOftenTold({ database, clock, onError: onError('writing denials to the audit trail') })
  return {
    config,
    logger,
    metrics,
    database,
    clock,
    version,
    authenticator,
    sealingKey,
    sealer,
    records: createRecordService({
      database,
      cache: createStatementCache({ onLookup: isHit => metrics.countLookup('statement', isHit) }),
      clock,
      maxConditions: config.maxConditions,
      maxAnswerBytes: config.maxAnswerBytes,
      partitionRows: config.partitionRows,
      onRows: metrics.countRows,
    }),
    tokens: { database, authenticator, jwts, passwords, pepper, clock, often, saveSuperToken },
    created,
    often,
    refusals: createRefusals(often, clock),
    onError,
  }
}

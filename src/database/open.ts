import type { Database } from './database.ts'
import { openPGlite } from './pglite.ts'
import { openPostgres } from './postgres.ts'

/** Times in milliseconds. */
export interface DatabaseOptions {
  /** `postgres://…`. None: the embedded PostgreSQL in `dataDir`. */
  readonly url?: string | undefined
  /** A replica for `Database.read`. */
  readonly readUrl?: string | undefined
  /** How far behind the replica may be to be read from. */
  readonly readMaxLagMs?: number | undefined
  /** The same database without the pooler that `url` leads to, for LISTEN. */
  readonly listenUrl?: string | undefined
  /** Whether statements may be prepared under names; default true. */
  readonly prepare?: boolean | undefined
  /** Where the embedded PostgreSQL keeps its data, and the lock that keeps a second process out. None: in memory. */
  readonly dataDir?: string | undefined
  /** Connections to each PostgreSQL, beside the one that listens. */
  readonly poolMax?: number | undefined
  readonly statementTimeoutMs?: number | undefined
  /** For opening a connection, and for waiting for a free one. */
  readonly connectTimeoutMs?: number | undefined
  /** Told of what goes wrong where nobody waits: a lost idle connection, a listener that failed. */
  readonly onError: (error: unknown) => void
  /** Told when the embedded PostgreSQL will not answer any more: only another process can open it again. */
  readonly onFatal?: ((error: Error) => void) | undefined
}

/** Opens the engine that `url` chooses; the caller closes it. Throws StartError when it cannot be used. */
export function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, readUrl, listenUrl, dataDir, onError } = options
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000
  if (url === undefined) return openPGlite({ dataDir, statementTimeoutMs, onError, onFatal: options.onFatal })
  return openPostgres({
    url,
    readUrl,
    readMaxLagMs: options.readMaxLagMs ?? 1000,
    listenUrl,
    prepare: options.prepare ?? true,
    poolMax: options.poolMax ?? 10,
    statementTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    onError,
  })
}

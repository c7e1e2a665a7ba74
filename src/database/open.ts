import type { Database } from './database.ts'
import { openPGlite, type PGliteOptions } from './pglite.ts'
import { openPostgres, type PostgresOptions } from './postgres.ts'

type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

/** A PostgreSQL where there is a `url`, else the embedded one in `dataDir`. Times in milliseconds. */
export interface DatabaseOptions
  extends Optional<Omit<PostgresOptions, 'onError'>>,
    Pick<PGliteOptions, 'dataDir' | 'onFatal' | 'onError'> {}

/** Opens the engine that `url` chooses; the caller closes it. Throws StartError when it cannot be used. */
export function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, statementTimeoutMs = 30_000, onError } = options
  if (url === undefined) return openPGlite({ ...options, statementTimeoutMs })
  const { readUrl, readMaxLagMs = 1000, listenUrl, prepare = true, poolMax = 10 } = options
  const { connectTimeoutMs = 5000 } = options
  const limits = { readMaxLagMs, poolMax, statementTimeoutMs, connectTimeoutMs }
  return openPostgres({ url, readUrl, listenUrl, prepare, onError, ...limits })
}

import { sql } from 'kysely'
import type { ClientConfig } from 'pg'
import type { Database, PoolStats } from './database.ts'
import { connectionOf } from './postgres-connection.ts'
import { createListener } from './postgres-listener.ts'
import { clientOptions, createPool, type PoolOptions } from './postgres-pool.ts'
import { createPoolSession, runTransaction } from './postgres-session.ts'
import { createRunner } from './runner.ts'
import { describeError, StartError } from './start-error.ts'

const oldestVersion = 15

export interface PostgresOptions extends Omit<PoolOptions, 'connection'> {
  readonly url: string
  /** Names a replica for `Database.read`. */
  readonly readUrl?: string | undefined
  /** Milliseconds. */
  readonly connectTimeoutMs: number
}

/** Opens a PostgreSQL. Throws StartError. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { url, readUrl } = options
  const more = clientOptions(options.connectTimeoutMs)
  const connection = await connectionOf(url, more)
  const readConnection = readUrl === undefined ? undefined : await connectionOf(readUrl, more)
  const database = createDatabase({ ...options, connection }, readConnection)
  try {
    requireVersion(await readVersion(database))
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

function createDatabase(options: PoolOptions, readConnection: ClientConfig | undefined): Database {
  const pool = createPool(options)
  const readPool =
    readConnection === undefined ? pool : createPool({ ...options, connection: readConnection })
  const pools = new Set([pool, readPool])
  const listener = createListener(options.connection, options.onError)
  const runner = createRunner(createPoolSession(pool, 'unknown'))
  const reader = createPoolSession(readPool, 'none')
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await listener.close()
    await Promise.all([...pools].map(each => each.end()))
  }

  return {
    engine: 'postgres',
    get kysely() {
      return runner.kysely
    },
    run: runner.run,
    read: { run: reader.run },
    transaction: work => runTransaction(pool, work),
    listen: listener.listen,
    async ping() {
      await reader.execute('select 1', [])
      if (readPool !== pool) await runner.run({ name: undefined, sql: 'select 1', parameters: [] }, [])
    },
    stats: () => [...pools].map(statsOf).reduce(addStats),
    close() {
      closing ??= close()
      return closing
    },
  }
}

function statsOf(pool: { totalCount: number; idleCount: number; waitingCount: number }): PoolStats {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
}

function addStats(a: PoolStats, b: PoolStats): PoolStats {
  return { total: a.total + b.total, idle: a.idle + b.idle, waiting: a.waiting + b.waiting }
}

/** Throws StartError for a PostgreSQL that is too old; `version` as in `server_version_num`, e.g. 180006. */
export function requireVersion(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= oldestVersion) return
  throw new StartError(`PostgreSQL ${major} is too old: ${oldestVersion} or newer is needed`)
}

async function readVersion({ kysely }: Database): Promise<number> {
  const query = sql<{ version: number }>`select current_setting('server_version_num')::int4 as version`
  try {
    const { rows } = await query.execute(kysely)
    return rows[0]?.version ?? 0
  } catch (error) {
    throw new StartError(`PostgreSQL cannot be used: ${describeError(error)}`, { cause: error })
  }
}

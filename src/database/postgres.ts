import type { Pool } from 'pg'
import type { Database, PoolStats } from './database.ts'
import { connectionOf } from './postgres-connection.ts'
import { createListener, type Listener } from './postgres-listener.ts'
import { clientOptions, createPool, type PoolOptions } from './postgres-pool.ts'
import { createPoolSession, runTransaction } from './postgres-session.ts'
import { requireUsable } from './postgres-usable.ts'
import { createReplica, type Replica } from './replica.ts'
import { createRunner, type Session } from './runner.ts'
import { type SessionSettings, sessionSettings, unlimited } from './session-settings.ts'

export interface PostgresOptions extends Omit<PoolOptions, 'connection' | 'settings'> {
  readonly url: string
  /** Where LISTEN reaches PostgreSQL itself, when `url` is a pooler's. */
  readonly listenUrl?: string | undefined
  /** Names a replica for `Database.read`. */
  readonly readUrl?: string | undefined
  /** How far it may be behind, in milliseconds. */
  readonly readMaxLagMs: number
  /** Whether statements may be prepared under names: older poolers lose them. */
  readonly prepare: boolean
  /** Milliseconds. */
  readonly connectTimeoutMs: number
  /** Milliseconds. */
  readonly statementTimeoutMs: number
}

/** Opens a PostgreSQL. Throws StartError. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { url, readUrl, listenUrl = url, prepare, statementTimeoutMs } = options
  const more = clientOptions(options.connectTimeoutMs)
  const connection = await connectionOf(url, more)
  // Who names another connection for LISTEN, or wants no names, has a pooler that lends connections.
  const isLent = listenUrl !== url || !prepare
  const settings = sessionSettings({ statementTimeoutMs, prepare, isLent })
  const listening = listenUrl === url ? connection : await connectionOf(listenUrl, more)
  const reading = readUrl === undefined ? undefined : await connectionOf(readUrl, more)
  const pool = createPool({ ...options, connection, settings })
  const replicaOptions = { ...options, settings, primary: connection, maxLagMs: options.readMaxLagMs }
  const database = createDatabase({
    settings,
    pool,
    replica: reading && createReplica({ ...replicaOptions, connection: reading }),
    listener: createListener(listening, options.onError),
  })
  try {
    await requireUsable(pool, connection, settings)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

interface Parts {
  readonly settings: SessionSettings
  readonly pool: Pool
  readonly replica: Replica | undefined
  readonly listener: Listener
}

function createDatabase({ settings, pool, replica, listener }: Parts): Database {
  const pools = () => (replica === undefined ? [pool] : [pool, replica.pool()])
  const session = createPoolSession(pool, settings, 'unknown')
  const runner = createRunner(replica === undefined ? session : notedSession(session, replica))
  const reader = createPoolSession(pool, settings, 'none')
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await listener.close()
    await Promise.all([replica?.close(), pool.end()])
  }

  return {
    engine: 'postgres',
    get kysely() {
      return runner.kysely
    },
    run: runner.run,
    read: replica?.readsOver(reader) ?? { run: reader.run },
    ...(replica && { replica: replica.state }),
    transaction(work, { isLong = false } = {}) {
      const transact = () => runTransaction(pool, isLong ? unlimited(settings) : settings, work)
      return replica === undefined ? transact() : replica.noted(transact)
    },
    listen: listener.listen,
    async ping() {
      await reader.execute('select 1', [])
    },
    stats: () => pools().map(statsOf).reduce(addStats),
    close() {
      closing ??= close()
      return closing
    },
  }
}

function notedSession(session: Session, { noted }: Replica): Session {
  return {
    run: (statement, values) => noted(() => session.run(statement, values)),
    execute: (sql, parameters) => noted(() => session.execute(sql, parameters)),
  }
}

function statsOf(pool: { totalCount: number; idleCount: number; waitingCount: number }): PoolStats {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
}

function addStats(a: PoolStats, b: PoolStats): PoolStats {
  return { total: a.total + b.total, idle: a.idle + b.idle, waiting: a.waiting + b.waiting }
}

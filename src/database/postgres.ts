import type { Pool } from 'pg'
import type { Database, PoolStats, Reads } from './database.ts'
import { stateError } from './database-error.ts'
import { openPipeline, type Pipeline } from './pipeline.ts'
import { connectionOf } from './postgres-connection.ts'
import { createPoolExecutor, runCommand, runTransaction } from './postgres-executor.ts'
import { createLender, type PostgresLender } from './postgres-lender.ts'
import { createListener, type Listener } from './postgres-listener.ts'
import { clientOptions, createPool, statsOf } from './postgres-pool.ts'
import { requireUsable } from './postgres-usable.ts'
import { createPulse } from './pulse.ts'
import { createReplica, type Replica } from './replica.ts'
import { createRunner, wrapExecutor } from './runner.ts'
import { type SessionSettings, sessionSettings, unlimited } from './session-settings.ts'
import { createShares, type Shares } from './shares.ts'

/** Times in milliseconds. */
export interface PostgresOptions {
  /** `postgres://…` */
  readonly url: string
  /** Where LISTEN reaches PostgreSQL itself, when `url` is a pooler's. */
  readonly listenUrl: string | undefined
  /** Names a replica for `Database.read`. */
  readonly readUrl: string | undefined
  /** How far it may be behind to be read from. */
  readonly readMaxLagMs: number
  /** Whether statements may be prepared under names: older poolers lose them. */
  readonly prepare: boolean
  /** Connections to each PostgreSQL, beside the one that listens. */
  readonly poolMax: number
  /** For opening a connection, and for waiting for a free one. */
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  /** Told of what goes wrong where nobody waits: a lost idle connection, a listener that failed. */
  readonly onError: (error: unknown) => void
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
  const shares = createShares({ places: options.poolMax, maxWaitMs: options.connectTimeoutMs })
  const replicaOptions = { ...options, settings, primary: connection, maxLagMs: options.readMaxLagMs }
  const parts: Parts = {
    settings,
    pool,
    shares,
    lender: createLender({ ...options, pool, shares, connection }),
    replica: reading && createReplica({ ...replicaOptions, connection: reading }),
    listener: createListener(listening, options.onError),
    onError: options.onError,
    pipeline: undefined,
  }
  const database = createDatabase(parts)
  try {
    const isDirect = await requireUsable(pool, connection, settings)
    // What one is told on a pooler's connection others would find. With one connection there are no clients to serve.
    if (isDirect && !isLent && reading === undefined && options.poolMax > 1)
      parts.pipeline = await openPipeline({ connection, settings, onError: options.onError })
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

interface Parts {
  readonly settings: SessionSettings
  readonly pool: Pool
  readonly shares: Shares
  readonly lender: PostgresLender
  readonly replica: Replica | undefined
  readonly listener: Listener
  readonly onError: (error: unknown) => void
  /** There once it is known that nothing stands before PostgreSQL. */
  pipeline: Pipeline | undefined
}

function createDatabase(parts: Parts): Database {
  const { settings, pool, shares, lender, replica, listener, onError } = parts
  const executor = createPoolExecutor(lender, settings, 'unknown')
  const runner = createRunner(replica === undefined ? executor : wrapExecutor(executor, replica.noted))
  const reader = createPoolExecutor(lender, settings, 'none')
  const pulse = createPulse({ run: reader.run, onError })
  let closing: Promise<void> | undefined

  async function take(...[statement, values, rows, isSmall]: Parameters<NonNullable<Reads['take']>>) {
    const isTaken = isSmall ? parts.pipeline?.read(statement, values, rows) : undefined
    if (isTaken !== undefined && (await isTaken)) return
    await reader.take(statement, values, rows)
  }

  async function close(): Promise<void> {
    await Promise.all([listener.close(), pulse.stop()])
    await Promise.all([parts.pipeline?.close(), replica?.close(), lender.close(), pool.end()])
  }

  return {
    engine: 'postgres',
    get kysely() {
      return runner.kysely
    },
    run: runner.run,
    read: replica?.readsOver(reader) ?? { run: reader.run, ...(!settings.isLent && { take }) },
    ...(replica && { replica: replica.state }),
    transaction(work, { isLong = false } = {}) {
      const transact = () =>
        isLong
          ? runTransaction({ connect: lender.connectForLong }, unlimited(settings), work)
          : runTransaction(lender, settings, work)
      return replica === undefined ? transact() : replica.noted(transact)
    },
    command: sql => runCommand({ connect: lender.connectForLong }, settings, sql),
    listen: listener.listen,
    everySecond: pulse.ask,
    async ping() {
      const { rows } = await executor.execute(takesWrites, [])
      if (rows[0]?.takes_writes !== true)
        throw stateError('25006', new Error('it is in recovery or read only'))
    },
    stats() {
      const own = statsOf(pool, shares)
      const waiting = own.waiting + (parts.pipeline?.waiting() ?? 0)
      return replica === undefined ? { ...own, waiting } : addStats(own, replica.stats())
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

// Of a new transaction, as each of ours is.
const takesWrites =
  "select not (pg_is_in_recovery() or current_setting('transaction_read_only')::bool) as takes_writes"

function addStats(a: PoolStats, b: PoolStats): PoolStats {
  return { total: a.total + b.total, idle: a.idle + b.idle, waiting: a.waiting + b.waiting }
}

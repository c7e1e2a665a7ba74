import type { ClientConfig, PoolClient } from 'pg'
import { hasCode, hasReason, RpcError } from '../errors.ts'
import { currentBehalf, whoeverKnows } from '../fairness/behalf.ts'
import type { PoolStats, Reading, Reads, ReplicaState, Result } from './database.ts'
import { createPoolExecutor } from './postgres-executor.ts'
import { createLender, cut } from './postgres-lender.ts'
import { createPool, type PoolOptions, statsOf } from './postgres-pool.ts'
import { watchReplica } from './replica-watch.ts'
import type { Executor } from './runner.ts'
import { createShares } from './shares.ts'
import type { Statement } from './statement.ts'

export interface ReplicaOptions extends PoolOptions {
  /** How the primary is reached, to ask it beside its pool: also while that is exhausted. */
  readonly primary: ClientConfig
  /** Milliseconds. */
  readonly connectTimeoutMs: number
  /** Milliseconds. */
  readonly statementTimeoutMs: number
  /** A replica that is further behind is not read from. Milliseconds. */
  readonly maxLagMs: number
}

/** A PostgreSQL that follows the primary, for reads as long as it is known to follow closely. */
export interface Replica {
  /** Does work on the primary. Those who wait for it read nothing older afterwards. */
  noted<T>(work: () => Promise<T>): Promise<T>
  /** Reads from the replica where it is fresh enough, else, or when it fails, from `primary`. */
  readsOver(primary: Pick<Executor, 'run'>): Reads
  state(): ReplicaState
  stats(): PoolStats
  close(): Promise<void>
}

type Run = (statement: Statement, values: readonly unknown[]) => Promise<Result>

/** Never fails: reads go to the primary until the replica has proven itself, and whenever it cannot. */
export function createReplica(options: ReplicaOptions): Replica {
  const known = createKnownWrites()
  const waiting = new Set<(error: Error) => void>()
  let connections = openConnections(options)
  const watch = watchReplica({ ...options, replica: options.connection, onSilence })

  /** A replica that hangs keeps nobody waiting: its connections are replaced, even if others answer again. */
  function onSilence(): void {
    if (connections.isUnused()) return
    connections.abandon()
    connections = openConnections(options)
    for (const giveUp of waiting) giveUp(new Error('the replica does not answer'))
  }

  const fromReplica: Run = async (statement, values) => {
    const { promise, reject } = Promise.withResolvers<never>()
    waiting.add(reject)
    try {
      return await Promise.race([connections.executor.run(statement, values), promise])
    } finally {
      waiting.delete(reject)
    }
  }

  function readsOver(primary: Pick<Executor, 'run'>): Reads {
    function begin(onPrimary: boolean): Reading {
      let isOnPrimary = onPrimary
      return {
        get isOnPrimary() {
          return isOnPrimary
        },
        async run(statement, values) {
          isOnPrimary ||= !watch.shows(known.lastOf(currentBehalf()))
          if (isOnPrimary) return primary.run(statement, values)
          try {
            return await fromReplica(statement, values)
          } catch (error) {
            if (isOfStatement(error)) throw error
            if (isLost(error)) watch.doubt()
            isOnPrimary = true
            return primary.run(statement, values)
          }
        },
      }
    }
    return { run: (statement, values) => begin(false).run(statement, values), together: begin }
  }

  return {
    async noted(work) {
      try {
        return await work()
      } finally {
        const now = performance.now()
        for (const whom of whoeverKnows()) known.note(whom, now)
      }
    },
    readsOver,
    state: watch.state,
    stats: () => connections.stats(),
    async close() {
      await watch.close()
      await connections.close()
    },
  }
}

function openConnections(options: ReplicaOptions) {
  const pool = createPool(options)
  const shares = createShares({ places: options.poolMax, maxWaitMs: options.connectTimeoutMs })
  const lender = createLender({ ...options, pool, shares })
  const clients = new Set<PoolClient>()
  pool.on('connect', client => clients.add(client))
  pool.on('remove', client => clients.delete(client))
  async function close(): Promise<void> {
    await Promise.all([lender.close(), pool.end()])
  }
  return {
    executor: createPoolExecutor(lender, options.settings, 'none'),
    // A connection that is being opened counts.
    isUnused: () => pool.totalCount === 0,
    stats: () => statsOf(pool, shares),
    /** Cuts all of them off, whatever they wait for. */
    abandon(): void {
      void close().catch(options.onError)
      for (const client of clients) cut(client)
    },
    close,
  }
}

/** A fault that the primary would have as well: a refused value, a slow statement, a full queue. */
function isOfStatement(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  return !hasCode(error, 'database_error') || hasReason(error, 'statement_timeout')
}

function isLost(error: unknown): boolean {
  if (!(error instanceof RpcError)) return true
  return hasReason(error, 'database_unavailable', 'database_restarting', 'connection_lost')
}

/** When the primary last answered each caller: what they read next must not be older. */
export interface KnownWrites {
  note(whom: string | undefined, time: number): void
  /** -Infinity: never. */
  lastOf(whom: string | undefined): number
}

/** Forgets the oldest first; an unknown caller then counts as answered when the last forgotten one was. */
export function createKnownWrites(maxKnown = 10_000): KnownWrites {
  const times = new Map<string | undefined, number>()
  let forgotten = Number.NEGATIVE_INFINITY
  return {
    note(whom, time) {
      // Moves it to the end of the order.
      times.delete(whom)
      times.set(whom, time)
      if (times.size <= maxKnown) return
      const [first] = times
      if (first === undefined) return
      times.delete(first[0])
      forgotten = Math.max(forgotten, first[1])
    },
    lastOf: whom => Math.max(times.get(whom) ?? forgotten, forgotten),
  }
}

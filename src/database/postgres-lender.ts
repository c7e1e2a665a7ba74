import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ClientBase, ClientConfig, Pool, PoolClient } from 'pg'
import { repeat } from '../async/repeat.ts'
import { within } from '../async/within.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
import { ByteQuery, connectionOfClient } from './byte-query.ts'
import { withClient } from './postgres-connection.ts'
import type { Lender } from './postgres-executor.ts'
import type { Shares } from './shares.ts'

/** Lends the connections of a pool in turn, and none that has fallen silent. */
export interface PostgresLender extends Lender {
  /** The same, for statements that may take any time. */
  connectForLong(): Promise<PoolClient>
  close(): Promise<void>
}

/** Times in milliseconds. */
export interface LenderOptions {
  readonly pool: Pool
  readonly shares: Shares
  /** How PostgreSQL is asked what its processes do. */
  readonly connection: ClientConfig
  readonly statementTimeoutMs: number
  onError(error: unknown): void
}

/** A connection that was idle for so long is tested before it is lent. */
const idleMs = 5000
const answerMs = 1000

const lookEveryMs = 1000
/** How long PostgreSQL may take to say what it does; our own event loop may be late. */
const questionMs = 2000
/** PostgreSQL is asked about a statement whose answer takes longer. */
const patienceMs = 2000
/** How long PostgreSQL may take to report a statement that it has cancelled. */
const graceMs = 2000
/** After so many unanswered questions in a row PostgreSQL counts as unreachable. */
const maxUnanswered = 2

/** A connection of the pool, as we know it. */
interface Line {
  readonly client: PoolClient
  /** Statements without an answer. */
  pending: number
  /** Since when they wait and nothing has come, and what had come by then. */
  silentSince: number
  heard: number
  usedAt: number
  isLong: boolean
}

/**
 * Proxies and firewalls drop connections silently; a statement on such a one would never be answered. Another connection
 * asks PostgreSQL what the silent ones do: where it is not at work on a statement, the connection is lost.
 */
export function createLender(options: LenderOptions): PostgresLender {
  const { pool, shares, connection, statementTimeoutMs, onError } = options
  const lines = new Map<PoolClient, Line>()
  let lostAt = Number.NEGATIVE_INFINITY
  let unanswered = 0

  pool.on('connect', client => lines.set(client, watched(client)))
  pool.on('remove', client => lines.delete(client))

  async function connectLive(isLong: boolean): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect()
      const line = lines.get(client) ?? watched(client)
      lines.set(client, line)
      // What cut one off has hardly spared those that were idle beside it.
      const isDoubtful = line.usedAt <= lostAt
      if (!isDoubtful && (performance.now() - line.usedAt < idleMs || (await answers(client)))) {
        line.isLong = isLong
        return client
      }
      if (!isDoubtful) lostAt = performance.now()
      cut(client)
      client.release(true)
    }
  }

  function lose(lost: readonly Line[], why: string): void {
    if (lost.length === 0) return
    lostAt = performance.now()
    onError(new Error(`${lost.length} connections to PostgreSQL were given up: ${why}`))
    for (const { client } of lost) cut(client)
  }

  async function look(): Promise<void> {
    const now = performance.now()
    for (const line of lines.values()) hear(line, now)
    const suspects = [...lines.values()].filter(line => isSilent(line, now))
    if (suspects.length === 0) return
    const states = await readStates(connection)
    unanswered = states === 'silent' ? unanswered + 1 : 0
    const isUnreachable = unanswered >= maxUnanswered
    // What has come by now was only late, or this process was.
    for (const line of suspects) hear(line, performance.now())
    lose(
      suspects.filter(line => isSilent(line, now) && (isUnreachable || isLost(line, states, now))),
      isUnreachable ? 'it does not answer' : 'they had fallen silent',
    )
  }

  function isLost(line: Line, states: States | undefined, now: number): boolean {
    if (!line.isLong && now - line.silentSince > statementTimeoutMs + graceMs) return true
    return typeof states === 'object' && !isAtWork(states.get(pidOf(line.client)))
  }

  const looking = repeat(lookEveryMs, () => onOwnBehalf(look), onError)
  return {
    connect: inTurn(() => connectLive(false), shares).connect,
    connectForLong: inTurn(() => connectLive(true), shares).connect,
    close: () => looking.stop(),
  }
}

/** Lends what `connect` opens to those who have a place. */
export function inTurn(connect: () => Promise<PoolClient>, shares: Shares): Lender {
  return {
    async connect() {
      const place = await shares.take()
      try {
        const client = await connect()
        const { release } = client
        client.release = broken => {
          release(broken)
          place.release()
        }
        return client
      } catch (error) {
        place.release()
        throw error
      }
    },
  }
}

/** Counts the statements of a connection. */
function watched(client: PoolClient): Line {
  const now = performance.now()
  const line: Line = { client, pending: 0, silentSince: now, heard: 0, usedAt: now, isLong: false }
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  const answered = (): void => {
    line.pending--
    line.usedAt = performance.now()
    line.silentSince = line.usedAt
  }
  client.query = ((...args: unknown[]) => {
    if (line.pending++ === 0) {
      line.silentSince = performance.now()
      line.heard = connectionOfClient(client).stream.bytesRead
    }
    const asked = query(...args)
    const answer = args[0] instanceof ByteQuery ? args[0].answer : asked
    answer.then(answered, answered)
    return answer
  }) as PoolClient['query']
  return line
}

/** A long answer may still arrive over a slow line long after PostgreSQL has sent it. */
function hear(line: Line, now: number): void {
  const { bytesRead } = connectionOfClient(line.client).stream
  if (bytesRead === line.heard) return
  line.heard = bytesRead
  line.silentSince = now
}

function isSilent({ pending, silentSince }: Line, now: number): boolean {
  return pending > 0 && now - silentSince > patienceMs
}

async function answers(client: PoolClient): Promise<boolean> {
  let isAnswered = false
  const asking = client.query('select 1').then(
    () => {
      isAnswered = true
    },
    () => undefined,
  )
  await within(answerMs, asking)
  // This process may have been late: what has come is read before the next turn.
  if (!isAnswered) await nextTurn()
  return isAnswered
}

/** Ends it at once. `end` would wait for the answers to what was sent. */
export function cut(client: PoolClient): void {
  connectionOfClient(client).stream.destroy()
}

function pidOf(client: ClientBase): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined
}

interface State {
  /** Null: PostgreSQL does not tell this role. */
  readonly isIdle: boolean | null
  /** Milliseconds. */
  readonly age: number
}

/** What PostgreSQL does for each of its connections, by process; `silent`: it cannot be reached. */
type States = ReadonlyMap<number | undefined, State> | 'silent'

/** It works, or has just ended: the answer may be under way. */
function isAtWork(state: State | undefined): boolean {
  return state !== undefined && (state.isIdle !== true || state.age < patienceMs / 2)
}

const ask = `select pid, pg_backend_pid() as own, state like 'idle%' as "isIdle",
  (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 as age from pg_stat_activity`

type Row = State & { readonly pid: number; readonly own: number }

/** Undefined: something answers, but does not tell what it does for our connections. */
async function readStates(connection: ClientConfig): Promise<States | undefined> {
  const config = { ...connection, connectionTimeoutMillis: questionMs, query_timeout: questionMs }
  let isReached = false
  try {
    return await withClient(config, async client => {
      isReached = true
      const { rows } = await client.query<Row>(ask)
      // A pooler gives its connections numbers of its own, which are no processes of PostgreSQL's.
      return rows[0]?.own === pidOf(client) ? new Map(rows.map(row => [row.pid, row])) : undefined
    })
  } catch (error) {
    // A refusal is an answer, such as that there are too many connections; and a pooler may let us wait for its own.
    return isReached || (error instanceof Error && 'severity' in error) ? undefined : 'silent'
  }
}

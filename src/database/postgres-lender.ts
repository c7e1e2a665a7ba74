import { Client, type ClientConfig, type Pool, type PoolClient } from 'pg'
import { onOwnBehalf } from '../behalf.ts'
import { within } from '../clock.ts'
import { repeat } from '../repeat.ts'
import type { Lender } from './postgres-session.ts'
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
  /** Whether a pooler stands between, so that a connection is no process of PostgreSQL's. */
  readonly isLent: boolean
  readonly statementTimeoutMs: number
  onError(error: unknown): void
}

/** One that was not used for so long is asked whether it still answers before it is lent. */
const idleMs = 5000
const answerMs = 1000

const lookEveryMs = 1000
/** A statement whose answer takes longer is asked after. */
const patienceMs = 2000
/** What PostgreSQL gives up by itself it may take so long to tell. */
const graceMs = 2000
/** After so many questions in a row without an answer PostgreSQL is taken for unreachable. */
const maxUnanswered = 2

/** A connection of the pool, as we know it. */
interface Line {
  readonly client: PoolClient
  /** Statements without an answer, and since when there are any. */
  pending: number
  askedAt: number
  usedAt: number
  /** How many connections had been lost when it was opened. */
  readonly losses: number
  isLong: boolean
}

/**
 * Proxies and firewalls forget connections without a word; a statement on such a one would never be answered. Another
 * connection asks PostgreSQL what it does for those that wait: where it has ended, or never begun, the connection is lost.
 */
export function createLender(options: LenderOptions): PostgresLender {
  const { pool, shares, connection, isLent, statementTimeoutMs, onError } = options
  const lines = new Map<PoolClient, Line>()
  let losses = 0
  let unanswered = 0

  pool.on('connect', client => lines.set(client, watched(client, losses)))
  pool.on('remove', client => lines.delete(client))

  async function connectLive(isLong: boolean): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect()
      const line = lines.get(client) ?? watched(client, losses)
      lines.set(client, line)
      if (line.losses === losses && (performance.now() - line.usedAt < idleMs || (await answers(client)))) {
        line.isLong = isLong
        return client
      }
      // Whatever cut one off has hardly spared those that were idle beside it.
      cut(client)
      client.release(true)
    }
  }

  function lose(lost: readonly Line[], why: string): void {
    if (lost.length === 0) return
    losses++
    onError(new Error(`${lost.length} connections to PostgreSQL were given up: ${why}`))
    for (const { client } of lost) cut(client)
  }

  async function look(): Promise<void> {
    const now = performance.now()
    const suspects = [...lines.values()].filter(line => line.pending > 0 && now - line.askedAt > patienceMs)
    if (suspects.length === 0) return
    const asked = suspects.map(({ askedAt }) => askedAt)
    const states = isLent ? undefined : await readStates(connection)
    unanswered = states === 'silent' ? unanswered + 1 : 0
    const isUnreachable = unanswered >= maxUnanswered
    // What has been answered by now had only been late, or we were.
    const waiting = suspects.filter((line, i) => line.pending > 0 && line.askedAt === asked[i])
    lose(
      waiting.filter(line => {
        if (typeof states === 'object') return !isAtWork(states.get(pidOf(line.client)))
        if (isUnreachable) return true
        return !line.isLong && now - line.askedAt > statementTimeoutMs + graceMs
      }),
      isUnreachable ? 'it does not answer' : 'they had fallen silent',
    )
  }

  const looking = repeat(lookEveryMs, () => onOwnBehalf(look), onError)
  return {
    connect: inTurn(() => connectLive(false), shares).connect,
    connectForLong: inTurn(() => connectLive(true), shares).connect,
    close: () => looking.stop(),
  }
}

/** Lends what `connect` opens to whoever has a place. */
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

/** Counts what it is asked. */
function watched(client: PoolClient, losses: number): Line {
  const now = performance.now()
  const line: Line = { client, pending: 0, askedAt: now, usedAt: now, losses, isLong: false }
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  const answered = (): void => {
    line.pending--
    line.usedAt = performance.now()
    line.askedAt = line.usedAt
  }
  client.query = ((...args: unknown[]) => {
    if (line.pending++ === 0) line.askedAt = performance.now()
    const answer = query(...args)
    answer.then(answered, answered)
    return answer
  }) as PoolClient['query']
  return line
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
  return isAnswered
}

/** Ends it at once. `end` would wait for the answers to what was sent. */
function cut(client: PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}

function pidOf(client: PoolClient): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined
}

interface State {
  readonly isIdle: boolean
  /** Milliseconds. */
  readonly age: number
}

/** It works, or has only just ended: the answer may be under way. */
function isAtWork(state: State | undefined): boolean {
  return state !== undefined && (!state.isIdle || state.age < patienceMs / 2)
}

const ask = `select pid, state like 'idle%' as "isIdle",
  (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 as age
  from pg_stat_activity where usename = current_user and state is not null`

/** What PostgreSQL does for each of our role's connections, by process; undefined: it answers, but does not tell. */
async function readStates(
  connection: ClientConfig,
): Promise<ReadonlyMap<number | undefined, State> | 'silent' | undefined> {
  const client = new Client({ ...connection, connectionTimeoutMillis: answerMs, query_timeout: answerMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<State & { readonly pid: number }>(ask)
    return new Map(rows.map(row => [row.pid, row]))
  } catch (error) {
    // A refusal of PostgreSQL's is an answer, such as that there are too many connections.
    return error instanceof Error && 'severity' in error ? undefined : 'silent'
  } finally {
    void client.end().catch(() => undefined)
  }
}

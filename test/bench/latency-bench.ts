import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { callMethod } from './rpc.ts'
import type { Bench } from './scenario.ts'

const pacedRate = 100

/** The names for `--only`. */
export const latencyScenarios: readonly string[] = ['event-latency']

/** Measures the named scenarios, and resolves to their lines. */
export async function measureLatency(bench: Bench, names: readonly string[]): Promise<readonly string[]> {
  if (!names.includes('event-latency')) return []
  const database = new pg.Client({ connectionString: bench.postgres.databaseUrl })
  await database.connect()
  try {
    return [await latency(bench, database)]
  } finally {
    await database.end()
  }
}

/** From the client's sending of an event to the start of its handler, at a hundred events a second. */
async function latency({ daybook, credentials, seconds }: Bench, database: pg.Client): Promise<string> {
  const before = await lastId(database)
  const sent: Promise<unknown>[] = []
  const startedAt = performance.now()
  for (let i = 0; i < seconds * pacedRate; i++) {
    const due = startedAt + (i * 1000) / pacedRate
    await sleep(Math.max(0, due - performance.now()))
    const kwargs = { sent: Date.now() }
    sent.push(
      callMethod(daybook.url, 'event_send', { token: credentials.token, sender: 'bench.latency', kwargs }),
    )
  }
  await Promise.all(sent)
  await untilAllEnded(database, before)
  const { rows } = await database.query<{ p50: number; p99: number; n: string }>(
    `select percentile_cont(0.5) within group (order by (result #>> '{}')::float8) as p50,
       percentile_cont(0.99) within group (order by (result #>> '{}')::float8) as p99, count(*) as n
     from event_log where id > $1 and status = 'success'`,
    [before],
  )
  const { p50 = Number.NaN, p99 = Number.NaN, n = '0' } = rows[0] ?? {}
  const text = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms of ${n} events (p50 at most 25 ms)`
  return `  event_send to handler start, ${pacedRate} events/s: ${text}  ${p50 <= 25 ? 'reached' : 'NOT REACHED'}`
}

async function lastId(database: pg.Client): Promise<string> {
  const { rows } = await database.query<{ id: string }>('select coalesce(max(id), 0) as id from event_log')
  return rows[0]?.id ?? '0'
}

async function untilAllEnded(database: pg.Client, after: string): Promise<void> {
  const waiting = `select from event_log where id > $1 and status in ('waiting', 'running') limit 1`
  while ((await database.query(waiting, [after])).rowCount !== 0) await sleep(20)
}

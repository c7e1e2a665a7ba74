import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { LoadProcess } from './load-process.ts'
import { callMethod, requestBody } from './rpc.ts'
import type { Bench } from './scenario.ts'

/** What running events shall reach; absolute figures, since there is nothing to set them against. */
interface EventFigure {
  readonly title: string
  readonly text: string
  readonly isReached: boolean
}

const pacedRate = 100
const connections = 32
const bodiesEach = 50

/** The names for `--only`. */
export const eventScenarios: readonly string[] = ['event-latency', 'event-throughput', 'script-call']

/** Measures the named scenarios, and resolves to their lines. */
export async function measureEvents(
  bench: Bench,
  load: LoadProcess,
  names: readonly string[],
): Promise<readonly string[]> {
  const database = new pg.Client({ connectionString: bench.postgres.databaseUrl })
  await database.connect()
  try {
    const figures: EventFigure[] = []
    if (names.includes('event-latency')) figures.push(await latency(bench, database))
    if (names.includes('event-throughput')) figures.push(await throughput(bench, load, database))
    if (names.includes('script-call')) figures.push(await scriptCalls(bench, load))
    return figures.map(
      ({ title, text, isReached }) => `  ${title}: ${text}  ${isReached ? 'reached' : 'NOT REACHED'}`,
    )
  } finally {
    await database.end()
  }
}

/** From the client's sending of an event to the start of its handler, at a hundred events a second. */
async function latency({ daybook, credentials, seconds }: Bench, database: pg.Client): Promise<EventFigure> {
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
  await untilAllEnded(database)
  const { rows } = await database.query<{ p50: number; p99: number; n: string }>(
    `select percentile_cont(0.5) within group (order by (result #>> '{}')::float8) as p50,
       percentile_cont(0.99) within group (order by (result #>> '{}')::float8) as p99, count(*) as n
     from event_log where id > $1 and status = 'success'`,
    [before],
  )
  const { p50 = Number.NaN, p99 = Number.NaN, n = '0' } = rows[0] ?? {}
  const text = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms of ${n} events (p50 at most 25 ms)`
  return { title: `event_send to handler start, ${pacedRate} events/s`, text, isReached: p50 <= 25 }
}

/** Events sent one a request and run by a local handler, until the last has ended. */
async function throughput(
  { daybook, credentials, postgres, seconds }: Bench,
  load: LoadProcess,
  database: pg.Client,
): Promise<EventFigure> {
  const amount = seconds * 1500
  const body = (i: number): string =>
    requestBody('event_send', {
      token: credentials.token,
      sender: 'bench.load',
      kwargs: { sent: Date.now(), i },
    })
  const startedAt = performance.now()
  const measured = await load.run({
    kind: 'http',
    url: daybook.url,
    connections,
    extent: { amount },
    bodies: Array.from({ length: connections * bodiesEach }, (_, i) => body(i)),
    serverPid: daybook.pid,
    postgresPid: postgres.pid,
  })
  const sentAt = performance.now()
  await untilAllEnded(database)
  const endedAt = performance.now()
  if (measured.errors > 0) throw new Error(`event_send: ${measured.firstError}`)
  const rate = (amount / (endedAt - startedAt)) * 1000
  const sentRate = (amount / (sentAt - startedAt)) * 1000
  const { server = 0, postgres: postgresCpu } = measured.cpu
  const cpu = `${(server / amount).toFixed(0)} µs of CPU each, PostgreSQL ${(postgresCpu / amount).toFixed(0)} µs`
  const text = `${rate.toFixed(0)}/s, sent at ${sentRate.toFixed(0)}/s, ${cpu} (at least 1000/s)`
  return { title: 'events sent and run by a local handler', text, isReached: rate >= 1000 }
}

const script = 'export default { onCall: params => ({ sum: params.a + params.b }) }'

/** js-worker_run, each waiting for its result. */
async function scriptCalls(
  { daybook, credentials, postgres, seconds }: Bench,
  load: LoadProcess,
): Promise<EventFigure> {
  const { token } = credentials
  const name = `bench_${Date.now()}`
  const source = Buffer.from(script).toString('base64')
  await callMethod(daybook.url, 'js-worker_create', { token, name, js_script_base64: source })
  const params = { token, js_script_name: name, params: { a: 1, b: 2 }, wait_ms: 10_000 }
  const measured = await load.run({
    kind: 'http',
    url: daybook.url,
    connections: 8,
    extent: { warmupMs: 1000, measureMs: seconds * 1000 },
    bodies: Array.from({ length: 8 }, () => requestBody('js-worker_run', params)),
    serverPid: daybook.pid,
    postgresPid: postgres.pid,
  })
  if (measured.errors > 0) throw new Error(`js-worker_run: ${measured.firstError}`)
  const rate = measured.count / measured.seconds
  const text = `${rate.toFixed(0)}/s, p50 ${measured.p50.toFixed(1)} ms (at least 300/s)`
  return { title: 'script worker calls', text, isReached: rate >= 300 }
}

async function lastId(database: pg.Client): Promise<string> {
  const { rows } = await database.query<{ id: string }>('select coalesce(max(id), 0) as id from event_log')
  return rows[0]?.id ?? '0'
}

async function untilAllEnded(database: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await database.query(
      `select 1 from event_log where status in ('waiting', 'running') and job_id is not null limit 1`,
    )
    if (rows.length === 0) return
    await sleep(20)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { type OwnServer, withOwnServer } from './daybook-server.ts'
import { createScript, scriptName } from './event-scenarios.ts'
import { callMethod } from './rpc.ts'

/** The names for `--only`. It is not among what runs unless it is named: it takes `--minutes`. */
export const growthScenarios: readonly string[] = ['growth']

const eventsPerSecond = 40
const scriptsPerSecond = 5
const keptMs = 2 * 60_000
/** From this minute on nothing shall grow. */
const steadyFrom = 10
/** What counts as flat: the last minute against that one. */
const mostGrowth = 1.15

const tables = ['event_log', 'js_result'] as const

interface Size {
  readonly bytes: number
  readonly rows: number
}

/** Events and script calls at an even pace with retention at two minutes, with autovacuum as it comes: bytes a row that lives. */
export function measureGrowth(minutes: number, say: (text: string) => void): Promise<void> {
  return withOwnServer({}, async server => {
    await createScript({ url: server.url, token: server.token })
    for (const resource of ['event-log', 'js-result']) {
      await call(server, 'retention_set', { resource, query: { condition: [] }, older_than_ms: keptMs })
    }
    await observe(server, minutes, say)
  })
}

async function observe(server: OwnServer, minutes: number, say: (text: string) => void): Promise<void> {
  const stopping = new AbortController()
  const writing = Promise.all([
    atPace(eventsPerSecond, stopping.signal, i =>
      call(server, 'event_send', { sender: 'bench.load', kwargs: { i, text: 'x'.repeat(100) } }),
    ),
    atPace(scriptsPerSecond, stopping.signal, i =>
      call(server, 'js-worker_run', { js_script_name: scriptName, params: { a: i, b: 2 }, wait_ms: 10_000 }),
    ),
  ])
  const sizes = new Map<number, readonly Size[]>()
  try {
    for (let minute = 1; minute <= minutes; minute++) {
      await Promise.race([sleep(60_000), writing])
      const seen = await Promise.all(tables.map(table => sizeOf(server.database, table)))
      sizes.set(minute, seen)
      say(`  minute ${minute}: ${tables.map((table, i) => `${table} ${sizeText(seen[i])}`).join(', ')}`)
    }
  } finally {
    stopping.abort()
  }
  await writing
  const [from, to] = [sizes.get(Math.min(steadyFrom, minutes - 1)), sizes.get(minutes)]
  for (const [i, table] of tables.entries()) {
    const growth = (to?.[i]?.bytes ?? Number.NaN) / (from?.[i]?.bytes ?? Number.NaN)
    const outcome = growth <= mostGrowth ? 'reached' : 'NOT REACHED'
    say(`  ${table}: ${growth.toFixed(2)}x of minute ${steadyFrom} (at most ${mostGrowth}x)  ${outcome}`)
  }
}

function call({ url, token }: OwnServer, method: string, params: object): Promise<unknown> {
  return callMethod(url, method, { token, ...params })
}

/** Begins so many a second whether or not the last has ended. Throws what the first failure throws. */
async function atPace(
  perSecond: number,
  signal: AbortSignal,
  begin: (i: number) => Promise<unknown>,
): Promise<void> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const pending = new Set<Promise<unknown>>()
  const startedAt = performance.now()
  for (let i = 0; !signal.aborted; i++) {
    const due = startedAt + (i * 1000) / perSecond
    await Promise.race([sleep(Math.max(0, due - performance.now())), failed.promise])
    const begun = begin(i)
      .catch(failed.reject)
      .finally(() => pending.delete(begun))
    pending.add(begun)
  }
  await Promise.all(pending)
}

/** With its indexes, and of all its partitions. */
async function sizeOf(database: Client, table: string): Promise<Size> {
  const { rows } = await database.query<{ bytes: string; rows: string }>(
    `select sum(pg_total_relation_size(oid)) as bytes, (select count(*) from ${table}) as rows
     from pg_class where oid = $1::regclass or oid in (select inhrelid from pg_inherits where inhparent = $1::regclass)`,
    [table],
  )
  return { bytes: Number(rows[0]?.bytes), rows: Number(rows[0]?.rows) }
}

function sizeText(size: Size | undefined): string {
  const { bytes = Number.NaN, rows = Number.NaN } = size ?? {}
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB, ${rows} rows, ${(bytes / rows).toFixed(0)} bytes a row`
}

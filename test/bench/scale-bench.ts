import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { dropIndexes } from './dataset.ts'
import { withOwnServer } from './daybook-server.ts'
import type { Measurement } from './job.ts'
import type { LoadProcess } from './load-process.ts'
import { callMethod, requestBody } from './rpc.ts'

/** The names for `--only`. It is not among what runs unless it is named: to make so many rows takes minutes. */
export const scaleScenarios: readonly string[] = ['scale']

const fewRows = 100_000
const manyRanges = 11
const names = 1000
const connections = 8
const bodiesEach = 200
const firstStart = 1_700_000_000

const mostOfManyRows = 1.2
const mostOfManyRanges = 2

interface Table {
  readonly rows: number
  readonly ranges: number
}

/** Of one table: microseconds of CPU a request, server and PostgreSQL, by what was asked. */
type Costs = ReadonlyMap<string, number>

interface ScaleOptions {
  readonly rows: number
  readonly seconds: number
}

/** What requests cost with few rows, with many, and with many in several ranges; and what it takes to delete a tenth. */
export async function measureScale(
  load: LoadProcess,
  { rows, seconds }: ScaleOptions,
  say: (text: string) => void,
): Promise<void> {
  const few = await measureTable(load, { rows: fewRows, ranges: 1 }, seconds, say)
  const whole = await measureTable(load, { rows, ranges: 1 }, seconds, say)
  const split = await measureTable(load, { rows, ranges: manyRanges }, seconds, say)
  const ratio = (title: string, most: number, costs: Costs, base: Costs): void => {
    const ratios = [...costs].map(([name, cost]) => ({ name, ratio: cost / (base.get(name) ?? Number.NaN) }))
    const byName = ratios.find(({ name }) => name === 'by name')?.ratio ?? Number.NaN
    const outcome = byName <= most ? 'reached' : 'NOT REACHED'
    say(`  ${title}: ${ratios.map(each => `${each.name} ${each.ratio.toFixed(2)}x`).join(', ')}`)
    say(`  by name at most ${most}x  ${outcome}`)
  }
  ratio(`${count(rows)} rows against ${count(fewRows)}`, mostOfManyRows, whole, few)
  ratio(`${manyRanges} ranges against one`, mostOfManyRanges, split, whole)
}

async function measureTable(
  load: LoadProcess,
  table: Table,
  seconds: number,
  say: (text: string) => void,
): Promise<Costs> {
  const settings = { shared_buffers: '1GB', max_wal_size: '16GB', autovacuum: 'off' }
  return withOwnServer(settings, async server => {
    const { url, pid, token, postgresPid, database } = server
    await fill(database, table)
    const costs = new Map<string, number>()
    for (const [name, bodyOf] of questions(token, table.rows)) {
      const measured: Measurement = await load.run({
        kind: 'http',
        url,
        connections,
        extent: { warmupMs: 1000, measureMs: seconds * 1000 },
        expects: 'result',
        bodies: Array.from({ length: connections * bodiesEach }, (_, i) => bodyOf(i)),
        serverPid: pid,
        postgresPid,
      })
      if (measured.errors > 0) throw new Error(`${name}: ${measured.firstError}`)
      costs.set(name, ((measured.cpu.server ?? 0) + measured.cpu.postgres) / measured.count)
    }
    const cost = [...costs].map(([name, micros]) => `${name} ${micros.toFixed(0)} µs`).join(', ')
    say(
      `  ${count(table.rows)} rows in ${table.ranges === 1 ? 'one range' : `${table.ranges} ranges`}: ${cost}`,
    )
    say(`  a tenth of them deleted by retention: ${await retain(url, token, database, table)}`)
    return costs
  })
}

type Question = readonly [name: string, bodyOf: (i: number) => string]

function questions(token: string, rows: number): readonly Question[] {
  const ask = (method: string, params: object): string => requestBody(method, { token, ...params })
  const query = (...condition: readonly unknown[]): string =>
    ask('js-result_query', { query: { condition: [...condition, { limit: 10 }] } })
  const time = (firstStart + rows) * 1000
  const row = {
    js_worker_name: 'w1',
    run_type: 'call',
    start_time: time,
    finish_time: time,
    result: { a: 1 },
  }
  return [
    ['newest', () => query()],
    ['by name', i => query({ js_worker_name: `w${i % names}` })],
    ['by id', i => query({ id: 1 + ((i * 7919) % rows) })],
    ['append', () => ask('js-result_append', { rows: [row] })],
  ]
}

/** Rows a second apart, in ranges of the same size. */
async function fill(database: Client, { rows, ranges }: Table): Promise<void> {
  const indexes = await dropIndexes(database)
  await database.query('alter table js_result disable trigger user')
  const step = Math.ceil(rows / Math.max(1, ranges - 1))
  if (ranges > 1) {
    await database.query('alter table js_result detach partition js_result_p0')
    await database.query(
      `alter table js_result attach partition js_result_p0 for values from (minvalue) to (${step + 1})`,
    )
  }
  for (let i = 1; i < ranges; i++) {
    const from = i * step + 1
    const to = i === ranges - 1 ? 'maxvalue' : from + step
    await database.query(
      `create table js_result_p${from} partition of js_result for values from (${from}) to (${to})`,
    )
  }
  await database.query(
    `insert into js_result (js_worker_name, run_type, start_time, finish_time, param, result)
     select 'w' || n % ${names}, 'call', to_timestamp(${firstStart} + n), to_timestamp(${firstStart} + n),
       '{"n": 1}', '{"m": 2}'
     from generate_series(1, ${rows}) as n`,
  )
  for (const definition of indexes) await database.query(definition)
  await database.query('alter table js_result enable trigger user')
  await database.query('vacuum (analyze) js_result')
  await database.query('checkpoint')
}

/** Waits until the rule has been applied, which happens once a minute. */
async function retain(url: string, token: string, database: Client, { rows }: Table): Promise<string> {
  const wanted = Math.ceil(rows / 10)
  const older_than_ms = Date.now() - (firstStart + wanted + 0.5) * 1000
  const writtenBefore = await position(database)
  const params = { token, resource: 'js-result', query: { condition: [] }, older_than_ms }
  await callMethod(url, 'retention_set', params)
  let startedAt = Number.NaN
  for (;;) {
    await sleep(20)
    const { rows: seen } = await database.query<{ run: boolean; left: boolean }>(
      `select (select last_run_time is not null from retention_rule) as run,
         exists (select from js_result where start_time <= to_timestamp(${firstStart + wanted})) as left`,
    )
    if (seen[0]?.run === true && Number.isNaN(startedAt)) startedAt = performance.now()
    if (seen[0]?.left === false) break
  }
  const written = (await position(database)) - writtenBefore
  const took = ((performance.now() - startedAt) / 1000).toFixed(2)
  return `${count(wanted)} rows in ${took} s, ${count(Math.round(written / 1024))} KiB of WAL`
}

/** Bytes of WAL so far. */
async function position(database: Client): Promise<number> {
  const { rows } = await database.query<{ bytes: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes`,
  )
  return rows[0]?.bytes ?? Number.NaN
}

function count(number: number): string {
  return number.toLocaleString('en')
}

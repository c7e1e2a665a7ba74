import pg from 'pg'
import { median } from './rounds.ts'
import { callMethod } from './rpc.ts'
import { sampleRow, workerName } from './sample-row.ts'
import type { Bench } from './scenario.ts'

/** The names for `--only`. */
export const statsScenarios: readonly string[] = ['stats']

const rounds = 15
const hourMs = 60 * 60 * 1000
const state = 'error_message is not null, result is null'

/** What is counted by `js-result_stats`, and by plain SQL on the same rows. */
interface Counted {
  readonly title: string
  readonly mostMs: number
  readonly params: object
  readonly sql: string
  readonly values: readonly unknown[]
}

/** Measures each in turns, one call at a time, and resolves to the lines. */
export async function measureStats(bench: Bench, names: readonly string[]): Promise<readonly string[]> {
  if (!names.includes('stats')) return []
  const database = new pg.Client({ connectionString: bench.postgres.databaseUrl })
  await database.connect()
  try {
    const lines: string[] = []
    for (const counted of allCounted(bench)) lines.push(await measure(bench, database, counted))
    return lines
  } finally {
    await database.end()
  }
}

function allCounted({ rows, workers }: Bench): readonly Counted[] {
  const from = sampleRow(Math.floor(rows / 2), workers).start_time
  const name = workerName(Math.floor(workers / 2))
  const within = (ms: number) => [{ start_time_from_to: [from, from + ms] }]
  const moments = (ms: number) => [from, from + ms].map(time => new Date(time).toISOString())
  const binned = (step: string) =>
    `select date_bin('${step}', start_time, 'epoch'), ${state}, count(*) from js_result`
  return [
    {
      title: 'buckets of one worker over 24 h',
      mostMs: 10,
      params: {
        query: { condition: [{ js_worker_name: name }, ...within(24 * hourMs)] },
        bucket: { ms: 'auto' },
      },
      sql: `${binned('15 min')} where js_worker_name = $1 and start_time between $2 and $3 group by 1, 2, 3`,
      values: [name, ...moments(24 * hourMs)],
    },
    {
      title: 'buckets of an hour of everything',
      mostMs: 50,
      params: { query: { condition: within(hourMs) }, bucket: { ms: 'auto' } },
      sql: `${binned('1 min')} where start_time between $1 and $2 group by 1, 2, 3`,
      values: moments(hourMs),
    },
    {
      title: 'counts by state of everything',
      mostMs: 150,
      params: { query: { condition: [] }, group_by: ['state'] },
      sql: `select ${state}, count(*) from js_result group by 1, 2`,
      values: [],
    },
    {
      title: 'buckets of everything',
      mostMs: Number.POSITIVE_INFINITY,
      params: { query: { condition: [] }, bucket: { ms: 'auto' } },
      sql: `${binned('3 hours')} group by 1, 2, 3`,
      values: [],
    },
  ]
}

async function measure(
  { daybook, credentials }: Bench,
  database: pg.Client,
  { title, mostMs, params, sql, values }: Counted,
): Promise<string> {
  const stats: number[] = []
  const plain: number[] = []
  for (let round = 0; round < rounds; round++) {
    const asked = { token: credentials.token, ...params }
    stats.push(await timeOf(() => callMethod(daybook.url, 'js-result_stats', asked)))
    plain.push(await timeOf(() => database.query(sql, [...values])))
  }
  const figure = median(stats)
  const text = `${title}: ${figure.toFixed(1)} ms, plain SQL ${median(plain).toFixed(1)} ms`
  if (mostMs === Number.POSITIVE_INFINITY) return `  ${text}`
  return `  ${text} (at most ${mostMs} ms)  ${figure <= mostMs ? 'reached' : 'NOT REACHED'}`
}

/** In milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

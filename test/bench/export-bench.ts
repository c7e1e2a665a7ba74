import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { peakMemory, resetPeakMemory } from '../trust/memory.ts'
import { cpuOfFamily, cpuOfProcess } from './cpu.ts'
import { median } from './rounds.ts'
import type { Bench } from './scenario.ts'

/** The names for `--only`. */
export const exportScenarios: readonly string[] = ['export']

const rounds = 3
const leastRatio = 0.7
const mostMebibytes = 64

/** One pass over all rows of js_result. */
interface Pass {
  readonly rate: number
  /** CPU of a row, microseconds. */
  readonly server: number
  readonly postgres: number
}

/** Measures an export of all rows beside a COPY to stdout, in turns, and resolves to the lines. */
export async function measureExports(bench: Bench, names: readonly string[]): Promise<readonly string[]> {
  if (!names.includes('export')) return []
  const { daybook } = bench
  const url = `${daybook.url}/export/js-result`
  // What reading takes once and for all shall not count as what a long export takes.
  await exportRows(`${url}?after=${bench.rows - 10_000}`, bench.credentials.token)
  const copies: Pass[] = []
  const exports: Pass[] = []
  const grown: number[] = []
  let peak = 0
  for (let round = 0; round < rounds; round++) {
    copies.push(await measure(bench, () => copyRows(bench.postgres.databaseUrl)))
    await resetPeakMemory(daybook.pid)
    const before = await peakMemory(daybook.pid)
    exports.push(await measure(bench, () => exportRows(url, bench.credentials.token)))
    const after = await peakMemory(daybook.pid)
    grown.push(after - before)
    peak = Math.max(peak, after)
  }
  const [copy, exported] = [copies, exports].map(middle) as [Pass, Pass]
  const ratio = exported.rate / copy.rate
  const growth = Math.max(...grown)
  return [
    line('export, NDJSON', exported),
    line('COPY (SELECT * FROM js_result) TO STDOUT', copy),
    verdict(`export against COPY: ${ratio.toFixed(2)}x (at least ${leastRatio}x)`, ratio >= leastRatio),
    verdict(
      `memory of an export: ${growth.toFixed(0)} MiB more, ${peak.toFixed(0)} MiB in all (at most ${mostMebibytes} more)`,
      growth <= mostMebibytes,
    ),
  ]
}

async function measure({ daybook, postgres }: Bench, pass: () => Promise<number>): Promise<Pass> {
  const [server, database] = [cpuOfProcess(daybook.pid), cpuOfFamily(postgres.pid)]
  const startedAt = performance.now()
  const rows = await pass()
  const seconds = (performance.now() - startedAt) / 1000
  return {
    rate: rows / seconds,
    server: (cpuOfProcess(daybook.pid) - server) / rows,
    postgres: (cpuOfFamily(postgres.pid) - database) / rows,
  }
}

/** Resolves to how many rows there were; a row is a line in both. */
async function copyRows(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await countLines(client.query(copyTo('copy (select * from js_result) to stdout')))
  } finally {
    await client.end()
  }
}

async function exportRows(url: string, token: string): Promise<number> {
  const request = get(url, { agent: false, headers: { authorization: `Bearer ${token}` } })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  const rows = await countLines(answer)
  if (answer.statusCode !== 200 || !answer.complete) throw new Error(`export: HTTP ${answer.statusCode}`)
  return rows
}

async function countLines(chunks: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) lines++
  }
  return lines
}

function middle(passes: readonly Pass[]): Pass {
  const of = (pick: (pass: Pass) => number): number => median(passes.map(pick))
  return { rate: of(pass => pass.rate), server: of(pass => pass.server), postgres: of(pass => pass.postgres) }
}

function line(title: string, { rate, server, postgres }: Pass): string {
  const cpu = `${server.toFixed(2)} µs of CPU a row, PostgreSQL ${postgres.toFixed(2)} µs`
  return `  ${title}: ${Math.round(rate).toLocaleString('en')} rows/s, ${cpu}`
}

function verdict(text: string, isReached: boolean): string {
  return `  ${text}  ${isReached ? 'reached' : 'NOT REACHED'}`
}

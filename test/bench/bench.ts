import { availableParallelism } from 'node:os'
import { createScript, eventScenarios } from './event-scenarios.ts'
import { exportScenarios, measureExports } from './export-bench.ts'
import { growthScenarios, measureGrowth } from './growth-bench.ts'
import { latencyScenarios, measureLatency } from './latency-bench.ts'
import { type LoadProcess, startLoadProcess } from './load-process.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { readScenarios } from './read-scenarios.ts'
import { scenarioLines, verdictLines } from './report.ts'
import { measureScenario, type Result } from './rounds.ts'
import { requireSameAnswers } from './same-answers.ts'
import { measureScale, scaleScenarios } from './scale-bench.ts'
import type { Bench, Scenario } from './scenario.ts'
import { setUp } from './set-up.ts'
import { measureStats, statsScenarios } from './stats-bench.ts'
import { measureStreams, streamScenarios } from './stream-bench.ts'
import { judge } from './targets.ts'
import { writeScenarios } from './write-scenarios.ts'

/** `npm run bench`: Daybook beside the baseline, side by side in one run. Fails on wrong answers, not on slow ones. */

if (process.platform !== 'linux') throw new Error('the bench reads CPU times from /proc: it needs Linux')
// The servers and PostgreSQL end with this process, which only an exit of its own brings about.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const options = readOptions(process.argv.slice(2))
const startedAt = performance.now()
const { bench, close } = await setUp(options, say)
try {
  await requireSameAnswers(bench)
  await measureAll(bench, options)
} finally {
  await close()
}
say(`done in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)

async function measureAll(bench: Bench, options: BenchOptions): Promise<void> {
  const { rounds, seconds, only } = options
  say(`${bench.rows} rows, ${bench.workers} workers; medians of ${rounds} rounds of ${seconds} s`)
  say(
    `Node ${process.versions.node}, ${availableParallelism()} cores for the servers, PostgreSQL (fsync on) and the load together`,
  )
  const scenarios = [...readScenarios(bench), ...writeScenarios(bench), ...eventScenarios(bench)]
  const names = [
    ...scenarios.map(({ name }) => name),
    ...latencyScenarios,
    ...streamScenarios,
    ...exportScenarios,
    ...statsScenarios,
    ...growthScenarios,
    ...scaleScenarios,
  ]
  if (only?.some(name => !names.includes(name))) throw new TypeError(`--only: choose from ${names}`)
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true)
  await createScript({ url: bench.daybook.url, token: bench.credentials.token })
  const load = startLoadProcess()
  try {
    await measureInOrder(load, chosen, rounds)
    const latencies = latencyScenarios.filter(name => only?.includes(name) ?? true)
    for (const line of await measureLatency(bench, latencies)) say(line)
    const streams = streamScenarios.filter(name => only?.includes(name) ?? true)
    for (const line of await measureStreams(bench, load, { names: streams, rounds })) say(line)
    const exported = exportScenarios.filter(name => only?.includes(name) ?? true)
    for (const line of await measureExports(bench, exported)) say(line)
    const counted = statsScenarios.filter(name => only?.includes(name) ?? true)
    for (const line of await measureStats(bench, counted)) say(line)
    if (only?.includes('scale')) await measureScale(load, { rows: options.scale, seconds }, say)
    if (only?.includes('growth')) await measureGrowth(options.minutes, say)
  } finally {
    await load.close()
  }
}

async function measureInOrder(
  load: LoadProcess,
  scenarios: readonly Scenario[],
  rounds: number,
): Promise<void> {
  const measured = new Map<string, readonly Result[]>()
  for (const scenario of scenarios) {
    const results = await measureScenario(load, scenario, rounds)
    measured.set(scenario.name, results)
    for (const line of scenarioLines(scenario, results)) say(line)
    requireNoErrors(results)
  }
  const verdicts = verdictLines(judge(measured))
  if (verdicts.length > 0) say('\nTargets')
  for (const line of verdicts) say(line)
}

/** Speed says nothing where answers are wrong. */
function requireNoErrors(results: readonly Result[]): void {
  const bad = results.find(({ errors }) => errors > 0)
  if (bad === undefined) return
  throw new Error(`${bad.contender}: ${bad.errors} errors, the first: ${bad.firstError ?? 'no answer'}`)
}

function say(text: string): void {
  console.log(text)
}

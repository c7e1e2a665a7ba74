import type { Measurement } from './job.ts'
import type { LoadProcess } from './load-process.ts'
import type { Contender, Scenario } from './scenario.ts'

/** Medians over the rounds. What is counted is the scenario's unit. */
export interface Result {
  readonly contender: string
  /** Units a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU time of a unit, microseconds; undefined where there is no server. */
  readonly server: number | undefined
  readonly postgres: number
  readonly load: number
  /** Of all rounds together. */
  readonly errors: number
  readonly firstError: string | undefined
}

/** Measures the contenders in turns, A B A B…, so that whatever else the machine does meets them all. */
export async function measureScenario(
  load: LoadProcess,
  scenario: Scenario,
  rounds: number,
): Promise<readonly Result[]> {
  const measured = new Map<Contender, Measurement[]>(scenario.contenders.map(each => [each, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [contender, measurements] of measured) measurements.push(await load.run(contender.job))
  }
  return [...measured].map(([contender, measurements]) => summarize(contender, measurements))
}

function summarize({ name, unitsEach = 1 }: Contender, measurements: readonly Measurement[]): Result {
  const middle = (pick: (measurement: Measurement) => number): number => median(measurements.map(pick))
  const units = ({ count }: Measurement): number => count * unitsEach
  const servers = measurements.map(each =>
    each.cpu.server === undefined ? [] : [each.cpu.server / units(each)],
  )
  return {
    contender: name,
    rate: middle(each => units(each) / each.seconds),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    server: servers.flat().length === 0 ? undefined : median(servers.flat()),
    postgres: middle(each => each.cpu.postgres / units(each)),
    load: middle(each => each.cpu.load / units(each)),
    errors: measurements.reduce((sum, { errors }) => sum + errors, 0),
    firstError: measurements.find(({ firstError }) => firstError !== undefined)?.firstError,
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice(Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2) + 1)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

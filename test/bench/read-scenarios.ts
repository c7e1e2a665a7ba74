import { requestBody } from './rpc.ts'
import { mix, workerName } from './sample-row.ts'
import {
  type Bench,
  baselineContender,
  daybookContender,
  daybookJwtContender,
  type HttpLoad,
  type Scenario,
} from './scenario.ts'

const connections = 16
const bodiesPerConnection = 256

/** Reads of one random worker each. The writes come after them and would change what is read. */
export function readScenarios(bench: Bench): readonly Scenario[] {
  const limited = (limit: number): HttpLoad =>
    load(bench, 'js-result_query', name => [named(name), { limit }])
  const small = limited(10)
  const large = limited(1000)
  const daybookOnly = (name: string, title: string, load: HttpLoad): Scenario => ({
    name,
    title: `${title} (${connections} connections)`,
    contenders: [daybookContender(bench, load)],
  })
  return [
    {
      name: 'query-10',
      title: `10-row query of one worker (${connections} connections)`,
      contenders: [
        baselineContender(bench, small),
        daybookContender(bench, small),
        daybookJwtContender(bench, small),
      ],
    },
    {
      name: 'query-1000',
      title: `1000-row query of one worker (${connections} connections)`,
      contenders: [baselineContender(bench, large), daybookContender(bench, large)],
    },
    daybookOnly(
      'last',
      'last of one worker',
      load(bench, 'js-result_query', name => [named(name), 'last']),
    ),
    daybookOnly(
      'running',
      'is_running poll of one worker',
      load(bench, 'js-result_query', name => [named(name), 'is_running']),
    ),
    daybookOnly(
      'count',
      'count of one worker',
      load(bench, 'js-result_count', name => [named(name)]),
    ),
    daybookOnly(
      'page',
      'page of 100 rows of one worker',
      load(bench, 'js-result_page', name => [named(name)]),
    ),
  ]
}

function named(name: string): unknown {
  return { js_worker_name: name }
}

function load(bench: Bench, method: string, conditionOf: (name: string) => readonly unknown[]): HttpLoad {
  const { workers, seconds } = bench
  const length = connections * bodiesPerConnection
  const conditions = Array.from({ length }, (_, i) => conditionOf(workerName(mix(i) % workers)))
  return {
    connections,
    extent: { warmupMs: 1000, measureMs: seconds * 1000 },
    bodies: token => conditions.map(condition => requestBody(method, { token, query: { condition } })),
  }
}

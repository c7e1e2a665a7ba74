import { requestBody } from './rpc.ts'
import { mix, workerName } from './sample-row.ts'
import {
  type Bench,
  bareContender,
  baselineContender,
  daybookContender,
  daybookJwtContender,
  type HttpLoad,
  type Scenario,
} from './scenario.ts'

const fewConnections = 16
const manyConnections = 64
const bodiesPerConnection = 256

/** Reads of one random worker each. The writes come after them and would change what is read. */
export function readScenarios(bench: Bench): readonly Scenario[] {
  const limited = (limit: number): HttpLoad =>
    load(bench, 'js-result_query', name => [named(name), { limit }])
  const small = limited(10)
  const smallOfMany: HttpLoad = { ...small, connections: manyConnections }
  const large = limited(1000)
  const daybookOnly = (name: string, title: string, load: HttpLoad): Scenario => ({
    name,
    title: `${title} (${load.connections} connections)`,
    contenders: [daybookContender(bench, load)],
  })
  return [
    {
      name: 'query-10',
      title: `10-row query of one worker (${fewConnections} connections)`,
      contenders: [
        bareContender(bench, small),
        baselineContender(bench, small),
        daybookContender(bench, small),
        daybookJwtContender(bench, small),
      ],
    },
    {
      name: 'query-10-64',
      title: `10-row query of one worker (${manyConnections} connections)`,
      contenders: [bareContender(bench, smallOfMany), daybookContender(bench, smallOfMany)],
    },
    {
      name: 'query-1000',
      title: `1000-row query of one worker (${fewConnections} connections)`,
      contenders: [
        bareContender(bench, large),
        baselineContender(bench, large),
        daybookContender(bench, large),
      ],
    },
    daybookOnly('refused', 'refused credential', {
      ...small,
      connections: 1,
      expects: 'error',
      bodies: token => small.bodies(`${token.slice(0, -4)}XXXX`),
    }),
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
  const connections = fewConnections
  const length = connections * bodiesPerConnection
  const conditions = Array.from({ length }, (_, i) => conditionOf(workerName(mix(i) % workers)))
  return {
    connections,
    extent: { warmupMs: 1000, measureMs: seconds * 1000 },
    bodies: token => conditions.map(condition => requestBody(method, { token, query: { condition } })),
  }
}

import { expect, test } from 'vitest'
import type { Job, Measurement } from './job.ts'
import type { LoadProcess } from './load-process.ts'
import { measureScenario } from './rounds.ts'
import type { Contender, Scenario } from './scenario.ts'
import { judge } from './targets.ts'

test('contenders are measured in turns and their medians are reported', async () => {
  const baseline = contender('baseline')
  const daybook = contender('daybook')
  const counts = new Map([
    [baseline.job, [100, 900, 200]],
    [daybook.job, [500, 700, 600]],
  ])
  const { load, order } = scriptedLoad(counts)
  const results = await measureScenario(load, scenario('query-10', [baseline, daybook]), 3)
  expect(order).toEqual([1, 2, 3].flatMap(() => [baseline.job, daybook.job]))
  expect(results.map(({ contender, rate }) => [contender, rate])).toEqual([
    ['baseline', 100],
    ['daybook', 300],
  ])
})

test('a target is judged by the ratio of Daybook to the other', async () => {
  const baseline = contender('baseline')
  const daybook = contender('daybook')
  const { load } = scriptedLoad(
    new Map([
      [baseline.job, [200]],
      [daybook.job, [600]],
    ]),
  )
  const results = await measureScenario(load, scenario('append', [baseline, daybook]), 1)
  const verdicts = judge(new Map([['append', results]]))
  expect(verdicts.map(({ figure, isReached }) => [figure, isReached])).toEqual([[3, true]])
})

test('a target without another contender is judged by the figure itself', async () => {
  const daybook = contender('daybook')
  const { load } = scriptedLoad(new Map([[daybook.job, [3200]]]))
  const results = await measureScenario(load, scenario('script-call', [daybook]), 1)
  const verdicts = judge(new Map([['script-call', results]]))
  expect(verdicts.map(({ figure, isReached }) => [figure, isReached])).toEqual([[1600, true]])
})

test('a contender whose requests hold many units is compared by its units', async () => {
  const copy: Contender = { ...contender('COPY, 4 connections'), unitsEach: 1000 }
  const { load } = scriptedLoad(new Map([[copy.job, [20]]]))
  const [result] = await measureScenario(load, scenario('append', [copy]), 1)
  expect(result).toMatchObject({ rate: 10_000, server: 0.001, postgres: 0.001 })
})

test('errors of every round are added up', async () => {
  const daybook = contender('daybook')
  const { load } = scriptedLoad(new Map([[daybook.job, [100, 100]]]), 2)
  const [result] = await measureScenario(load, scenario('last', [daybook]), 2)
  expect(result?.errors).toBe(4)
})

function contender(name: string): Contender {
  const job: Job = {
    kind: 'http',
    url: `http://${name}.example`,
    connections: 1,
    bodies: [],
    extent: { amount: 1 },
    expects: 'result',
    serverPid: 1,
    postgresPid: 1,
  }
  return { name, job }
}

function scenario(name: string, contenders: readonly Contender[]): Scenario {
  return { name, title: name, contenders }
}

/** Answers each job with its counts in turn, as if each had taken two seconds. */
function scriptedLoad(counts: ReadonlyMap<Job, number[]>, errors = 0) {
  const order: Job[] = []
  const load: LoadProcess = {
    async run(job): Promise<Measurement> {
      order.push(job)
      const count = counts.get(job)?.shift() ?? 0
      const cpu = { server: count, postgres: count, load: count }
      return { count, seconds: 2, p50: 1, p99: 1, cpu, errors, firstError: undefined }
    },
    close: async () => undefined,
  }
  return { load, order }
}

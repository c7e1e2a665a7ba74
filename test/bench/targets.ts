import type { Result } from './rounds.ts'

/** What a scenario shall reach: a figure of Daybook, by itself or set against that of another contender. */
export interface Target {
  readonly scenario: string
  /** Undefined: the figure by itself. */
  readonly against?: string
  readonly title: string
  readonly bound: { readonly atLeast: number } | { readonly atMost: number }
  readonly figureOf: (result: Result) => number
}

const rate = (result: Result): number => result.rate

/** All CPU of a request: of the server and of PostgreSQL. */
export function cpuOf({ server = 0, postgres }: Result): number {
  return server + postgres
}

/** The figures that the speed of Daybook is judged by. */
export const targets: readonly Target[] = [
  ...['query-10', 'query-10-64'].map(scenario => ({
    scenario,
    against: 'bare node:http',
    title: `10-row query, ${scenario === 'query-10' ? 16 : 64} connections: requests a second`,
    bound: { atLeast: 1 },
    figureOf: rate,
  })),
  {
    scenario: 'query-10',
    against: 'baseline',
    title: '10-row query: requests a second',
    bound: { atLeast: 3 },
    figureOf: rate,
  },
  {
    scenario: 'query-10',
    against: 'baseline',
    title: '10-row query: CPU a request, server and PostgreSQL',
    bound: { atMost: 0.33 },
    figureOf: cpuOf,
  },
  {
    scenario: 'query-10',
    title: '10-row query: µs of server CPU',
    bound: { atMost: 110 },
    figureOf: ({ server = Number.NaN }) => server,
  },
  {
    scenario: 'query-1000',
    against: 'bare node:http',
    title: '1000-row query: requests a second',
    bound: { atLeast: 1.1 },
    figureOf: rate,
  },
  {
    scenario: 'query-1000',
    against: 'baseline',
    title: '1000-row query: requests a second',
    bound: { atLeast: 2.5 },
    figureOf: rate,
  },
  {
    scenario: 'refused',
    title: 'refused credential, 1 connection: requests a second',
    bound: { atLeast: 6000 },
    figureOf: rate,
  },
  {
    scenario: 'append',
    against: 'baseline',
    title: 'single appends: rows a second',
    bound: { atLeast: 3 },
    figureOf: rate,
  },
  {
    scenario: 'append',
    against: 'COPY, 4 connections',
    title: 'single appends: rows a second',
    bound: { atLeast: 0.45 },
    figureOf: rate,
  },
  {
    scenario: 'batch-4',
    against: 'COPY',
    title: 'batches of 1000 rows: rows a second',
    bound: { atLeast: 0.4 },
    figureOf: rate,
  },
  {
    scenario: 'event-throughput',
    against: 'graphile-worker',
    title: 'events sent and run: events a second',
    bound: { atLeast: 2.5 },
    figureOf: rate,
  },
  {
    scenario: 'event-throughput',
    title: 'events sent and run: µs of PostgreSQL',
    bound: { atMost: 250 },
    figureOf: ({ postgres }) => postgres,
  },
  {
    scenario: 'script-call',
    title: 'script calls: requests a second',
    bound: { atLeast: 1500 },
    figureOf: rate,
  },
]

export interface Verdict {
  readonly target: Target
  readonly figure: number
  readonly isReached: boolean
}

/** Judges the targets of the scenarios that were measured. */
export function judge(measured: ReadonlyMap<string, readonly Result[]>): readonly Verdict[] {
  return targets.flatMap(target => {
    const { scenario, against, figureOf, bound } = target
    const results = measured.get(scenario) ?? []
    const daybook = results.find(({ contender }) => contender === 'daybook')
    const other = results.find(({ contender }) => contender === against)
    if (daybook === undefined || (against !== undefined && other === undefined)) return []
    const figure = figureOf(daybook) / (other === undefined ? 1 : figureOf(other))
    return [
      { target, figure, isReached: 'atLeast' in bound ? figure >= bound.atLeast : figure <= bound.atMost },
    ]
  })
}

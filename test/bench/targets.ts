import type { Result } from './rounds.ts'

/** What a scenario shall reach, Daybook set against another contender. */
export interface Target {
  readonly scenario: string
  readonly against: string
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
  {
    scenario: 'query-10',
    against: 'baseline',
    title: '10-row query: requests a second',
    bound: { atLeast: 2.5 },
    figureOf: rate,
  },
  {
    scenario: 'query-10',
    against: 'baseline',
    title: '10-row query: CPU a request, server and PostgreSQL',
    bound: { atMost: 0.5 },
    figureOf: cpuOf,
  },
  {
    scenario: 'query-1000',
    against: 'baseline',
    title: '1000-row query: requests a second',
    bound: { atLeast: 2.5 },
    figureOf: rate,
  },
  {
    scenario: 'append',
    against: 'baseline',
    title: 'single appends: requests a second',
    bound: { atLeast: 3 },
    figureOf: rate,
  },
  {
    scenario: 'batch-4',
    against: 'COPY',
    title: 'batches of 1000 rows: rows a second, against COPY',
    bound: { atLeast: 0.4 },
    figureOf: rate,
  },
]

export interface Verdict {
  readonly target: Target
  readonly ratio: number
  readonly isReached: boolean
}

/** Judges the targets of the scenarios that were measured. */
export function judge(measured: ReadonlyMap<string, readonly Result[]>): readonly Verdict[] {
  return targets.flatMap(target => {
    const results = measured.get(target.scenario) ?? []
    const daybook = results.find(({ contender }) => contender === 'daybook')
    const other = results.find(({ contender }) => contender === target.against)
    if (daybook === undefined || other === undefined) return []
    const ratio = target.figureOf(daybook) / target.figureOf(other)
    const { bound } = target
    return [{ target, ratio, isReached: 'atLeast' in bound ? ratio >= bound.atLeast : ratio <= bound.atMost }]
  })
}

import { createWallClock } from '../../schedule/wall-time.ts'

/** The most buckets of one answer. */
export const maxBuckets = 500

/** So many are easily told apart in a chart. */
const maxChosen = 100

export const dayMs = 24 * 60 * 60 * 1000
const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** The first Monday of 1970: buckets of seven days begin with a Monday. */
export const firstMonday = 4

/** The lengths that `auto` chooses from, in milliseconds: parts of what is longer, so that buckets begin at round times. */
export const chosenSteps: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map(seconds => seconds * secondMs),
  ...[1, 2, 5, 10, 15, 30].map(minutes => minutes * minuteMs),
  ...[1, 2, 3, 6, 12].map(hours => hours * hourMs),
  ...[1, 7, 28, 91, 364, 3640, 36_400, 364_000].map(days => days * dayMs),
]

/** How long buckets are: so many milliseconds, or as `auto` chooses. */
export type Step = number | 'auto'

/** The lengths of which the first is taken that needs no more than `most` buckets. */
export function stepsOf(step: Step): { readonly steps: readonly number[]; readonly most: number } {
  return step === 'auto' ? { steps: chosenSteps, most: maxChosen } : { steps: [step], most: maxBuckets }
}

/** From when to when buckets are made, inclusive: epoch milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The length that `stepsOf` leads to; undefined where there would be too many buckets. */
export function chooseStep({ from, to }: Span, step: Step): number | undefined {
  const { steps, most } = stepsOf(step)
  return steps.find(each => Math.floor(to / each) - Math.floor(from / each) < most)
}

/** Equal stretches of time, numbered; of days and longer as the wall clock of a zone counts them. */
export interface Grid {
  indexOf(instant: number): number
  /** The first millisecond of a stretch. */
  startOf(index: number): number
}

/** A stretch of a grid that takes some time: a day that a zone left out takes none. */
export interface Stretch {
  readonly index: number
  /** Its first millisecond. */
  readonly time: number
}

/** The stretches of these numbers. */
export function stretchesOf(grid: Grid, first: number, last: number): readonly Stretch[] {
  const stretches: Stretch[] = []
  for (let index = first, time = grid.startOf(first); index <= last; index++) {
    const next = grid.startOf(index + 1)
    if (time < next) stretches.push({ index, time })
    time = next
  }
  return stretches
}

/** The grid of a length in milliseconds; whole days are counted from a Monday, in the time zone. */
export function gridOf(step: number, timeZone: string): Grid {
  if (step < dayMs) {
    return { indexOf: instant => Math.floor(instant / step), startOf: index => index * step }
  }
  const clock = createWallClock(timeZone)
  const origin = firstMonday * dayMs
  return {
    indexOf: instant => Math.floor((clock.wallOf(instant) - origin) / step),
    startOf: index => clock.startOf(index * step + origin),
  }
}

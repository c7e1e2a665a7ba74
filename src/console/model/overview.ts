import type { Statistics } from '../../client/client.ts'
import type { Bucket } from './histogram.ts'

/** How far back the overview looks, as conditions say it. */
export const spans = ['1h', '24h', '7d', '30d'] as const
export type Span = (typeof spans)[number]

export function isSpan(text: string | undefined): text is Span {
  return spans.some(span => span === text)
}

type Group = Statistics['groups'][number]

/** How long a bucket is; 1 ms where there is no second one. */
export function bucketMsOf([first, second]: readonly Bucket[]): number {
  return first === undefined || second === undefined ? 1 : second.time - first.time
}

/** A name with what is said of it. */
export interface Ranked {
  readonly name: string
  readonly count: number
  readonly value: number
}

/** The names of which most failed. */
export function failing(groups: readonly Group[], namedBy: string, most: number): readonly Ranked[] {
  return ranked(groups, namedBy, most, group => group.by_state.failure)
}

/** The names whose slow runs take longest: the 95th percentile, in milliseconds. */
export function slowest(groups: readonly Group[], namedBy: string, most: number): readonly Ranked[] {
  return ranked(groups, namedBy, most, group => group.duration?.p95 ?? 0)
}

function ranked(
  groups: readonly Group[],
  namedBy: string,
  most: number,
  figureOf: (group: Group) => number,
): readonly Ranked[] {
  return groups
    .map(group => ({ name: group.key[namedBy] ?? '', count: group.count, value: figureOf(group) }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value || b.count - a.count)
    .slice(0, most)
}

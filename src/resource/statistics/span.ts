import type { Predicate } from '../../condition/predicate.ts'
import { readTimestamp } from '../../condition/value.ts'

/** Between which times a column lies by what the conditions say; what they leave open is undefined. Epoch milliseconds. */
export interface GivenSpan {
  readonly from: number | undefined
  readonly to: number | undefined
}

/** What predicates that all hold say of a time column. */
export function spanOf(predicates: readonly Predicate[], column: string): GivenSpan {
  const from: number[] = []
  const to: number[] = []
  const read = (predicate: Predicate): void => {
    if (predicate.type === 'and') predicate.all.forEach(read)
    if (predicate.type === 'time_from' && predicate.column === column)
      from.push(readTimestamp(predicate.time))
    if (predicate.type === 'time_to' && predicate.column === column) to.push(readTimestamp(predicate.time))
  }
  predicates.forEach(read)
  return { from: finite(Math.max(...from)), to: finite(Math.min(...to)) }
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined
}

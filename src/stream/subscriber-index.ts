import type { MatchedRow } from '../condition/match.ts'
import type { Predicate } from '../condition/predicate.ts'

/**
 * Finds whom a row may concern without asking everybody: whoever wants one value of a column (or a few) is found by
 * that value; the others are asked each time.
 */
export interface SubscriberIndex<S> {
  add(subscriber: S, predicates: readonly Predicate[]): void
  remove(subscriber: S): void
  /** Calls `visit` for everybody whose predicates the row may fulfil. */
  visit(row: MatchedRow, visit: (subscriber: S) => void): void
}

interface Place<S> {
  readonly column: string
  readonly values: readonly (string | number)[]
  readonly subscriber: S
}

export function createSubscriberIndex<S>(): SubscriberIndex<S> {
  const columns = new Map<string, Map<unknown, Set<S>>>()
  const others = new Set<S>()
  const places = new Map<S, Place<S>>()

  return {
    add(subscriber, predicates) {
      const wanted = wantedValues(predicates)
      if (wanted === undefined) {
        others.add(subscriber)
        return
      }
      const byValue = columns.get(wanted.column) ?? new Map<unknown, Set<S>>()
      columns.set(wanted.column, byValue)
      places.set(subscriber, { ...wanted, subscriber })
      for (const value of wanted.values) {
        byValue.set(value, (byValue.get(value) ?? new Set<S>()).add(subscriber))
      }
    },
    remove(subscriber) {
      others.delete(subscriber)
      const place = places.get(subscriber)
      places.delete(subscriber)
      const byValue = place && columns.get(place.column)
      if (place === undefined || byValue === undefined) return
      for (const value of place.values) {
        const set = byValue.get(value)
        set?.delete(subscriber)
        if (set?.size === 0) byValue.delete(value)
      }
      if (byValue.size === 0) columns.delete(place.column)
    },
    visit(row, visit) {
      for (const [column, byValue] of columns) {
        for (const subscriber of byValue.get(row.members[column]) ?? []) visit(subscriber)
      }
      for (const subscriber of others) visit(subscriber)
    },
  }
}

/** Values beyond this are not worth their places. */
const maxValues = 100

/** A column that must have one of few values. Equality first: it says most. */
function wantedValues(predicates: readonly Predicate[]): Omit<Place<never>, 'subscriber'> | undefined {
  for (const predicate of predicates) {
    if (predicate.type === 'equal') return { column: predicate.column, values: [predicate.value] }
  }
  for (const predicate of predicates) {
    if (predicate.type !== 'any' || predicate.values.length > maxValues) continue
    return { column: predicate.column, values: [...new Set(predicate.values)] }
  }
  return undefined
}

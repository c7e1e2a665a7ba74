import type { Clock } from '../async/clock.ts'
import { allMatch, type Matcher, matchCost } from '../condition/match.ts'
import type { Predicate } from '../condition/predicate.ts'

/** What a subscription wants of a resource. */
export interface Wanted {
  /** The same for the same predicates. */
  readonly key: string
  readonly predicates: readonly Predicate[]
  /** In comparisons, as `matchCost` counts them. */
  readonly cost: number
  readonly matches: Matcher
}

export function wantedOf(predicates: readonly Predicate[], clock: Clock): Wanted {
  let matches: Matcher | undefined
  return {
    key: JSON.stringify(predicates),
    predicates,
    cost: matchCost(predicates),
    // Subscriptions with the same conditions share one.
    get matches() {
      matches ??= allMatch(predicates, clock)
      return matches
    },
  }
}

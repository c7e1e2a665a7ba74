import type { Identity } from '../permission/grant.ts'
import type { Refreshed, Subscription } from './subscription.ts'
import type { Slice, TimeSlices } from './time-slices.ts'

/** Looks callers up again once tokens may have changed: nothing is sent to a caller with unknown rights. */
export interface CallerCheck {
  /** Does `work` once all callers are known. Resolves to false when the database cannot tell just now. */
  whenKnown(subscriptions: Iterable<Subscription>, work: (slice: Slice) => void): Promise<boolean>
  /** Looks the stale ones up now. Resolves to false when the database could not tell for some. */
  refresh(subscriptions: Iterable<Subscription>): Promise<boolean>
}

/** Subscriptions whose callers are looked up concurrently. */
const refreshedAtOnce = 100
/** Tokens may change again and again while their holders are looked up. */
const maxRounds = 5

/** `onChanged` receives the subscriptions whose permissions have changed. */
export function createCallerCheck(
  slices: TimeSlices,
  onChanged: (subscription: Subscription) => void,
): CallerCheck {
  async function refreshAll(stale: readonly Subscription[]): Promise<boolean> {
    let isKnown = true
    for (let i = 0; i < stale.length; i += refreshedAtOnce) {
      // Other work gets a turn between two batches.
      const some = await slices.run(() => refreshSome(stale.slice(i, i + refreshedAtOnce)))
      isKnown = !(await Promise.all(some)).includes('unknown') && isKnown
    }
    return isKnown
  }

  /** Callers with the same credential share one lookup; a later lookup may give another result. */
  function refreshSome(stale: readonly Subscription[]): readonly Promise<Refreshed>[] {
    const asked = new Map<Identity, Promise<Identity>>()
    // Before anybody is asked.
    const changes = stale.map(each => each.changes)
    return stale.map(async (each, i) => {
      const answer = asked.get(each.caller) ?? each.reauthenticate()
      asked.set(each.caller, answer)
      const refreshed = await each.refresh(answer, changes[i] ?? 0)
      if (refreshed === 'changed') onChanged(each)
      return refreshed
    })
  }

  return {
    refresh: subscriptions => refreshAll(staleOf(subscriptions)),
    async whenKnown(subscriptions, work) {
      for (let round = 0; round < maxRounds; round++) {
        const stale = await slices.run(slice => {
          const found = staleOf(subscriptions)
          if (found.length === 0) work(slice)
          return found
        })
        if (stale.length === 0) return true
        if (!(await refreshAll(stale))) return false
      }
      return true
    },
  }
}

export function isAnyStale(subscriptions: Iterable<Subscription>): boolean {
  for (const each of subscriptions) if (each.isStale && !each.hasEnded) return true
  return false
}

function staleOf(subscriptions: Iterable<Subscription>): readonly Subscription[] {
  const stale: Subscription[] = []
  for (const each of subscriptions) if (each.isStale && !each.hasEnded) stale.push(each)
  return stale
}

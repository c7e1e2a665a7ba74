import type { Change, Changes } from './change-log.ts'
import { createSubscriberIndex } from './subscriber-index.ts'
import type { Subscription } from './subscription.ts'
import type { Slice } from './turns.ts'
import type { Wanted } from './wanted.ts'

/** The live subscriptions of one token to one resource, with a place of their own among its changes. */
export interface Lane {
  readonly subscriptions: ReadonlySet<Subscription>
  /** What all of them have been given, or do not want. */
  readonly cursor: number
  /** One that has come at least as far. */
  add(subscription: Subscription): void
  remove(subscription: Subscription): void
  /** Gives out the changes behind the cursor until they are through, or the slice is over. */
  match(changes: Changes, slice: Slice): void
}

/** Subscriptions that want the same: a row is matched once for all. */
interface Group {
  readonly wanted: Wanted
  readonly members: Set<Subscription>
  /** The last number that every member was given. */
  cursor: number
}

/** To send a change to one, next to comparing two values. */
const sendCost = 50
/** The costs are those of a row of so many characters. */
const usualCharacters = 1024

export function createLane(begin: number): Lane {
  const groups = new Map<string, Group>()
  const index = createSubscriberIndex<Group>()
  const subscriptions = new Set<Subscription>()
  const placed = new Map<Subscription, Group>()
  let cursor = begin

  function groupOf(wanted: Wanted): Group {
    const known = groups.get(wanted.key)
    if (known !== undefined) return known
    const group = { wanted, members: new Set<Subscription>(), cursor }
    groups.set(wanted.key, group)
    index.add(group, wanted.predicates)
    return group
  }

  function remove(subscription: Subscription): void {
    subscriptions.delete(subscription)
    const group = placed.get(subscription)
    placed.delete(subscription)
    if (group === undefined) return
    group.members.delete(subscription)
    if (group.members.size > 0) return
    groups.delete(group.wanted.key)
    index.remove(group)
  }

  /** Whether every member has it; false once the slice is over. */
  function give(change: Change, { wanted, members }: Group, slice: Slice): boolean {
    const size = 1 + change.text.length / usualCharacters
    // What it costs counts towards the next look at the clock: each slice comes at least so far.
    slice.spend(wanted.cost * size)
    if (!wanted.matches(change.row())) return true
    for (const member of members) {
      if (change.number <= member.cursor) continue
      member.give(change)
      if (slice.spend(sendCost * size)) return false
    }
    return true
  }

  /** The same of all members of all groups; what was not given in time comes first the next time. */
  function giveAll(change: Change, slice: Slice): boolean {
    const concerned: Group[] = []
    index.visit(change.row(), group => void concerned.push(group))
    for (const group of concerned) {
      if (group.cursor >= change.number) continue
      if (!give(change, group, slice)) return false
      group.cursor = change.number
      if (slice.spend(0)) return false
    }
    return true
  }

  return {
    subscriptions,
    get cursor() {
      return cursor
    },
    add(subscription) {
      const group = groupOf(subscription.wanted)
      group.members.add(subscription)
      group.cursor = Math.min(group.cursor, subscription.cursor)
      subscriptions.add(subscription)
      placed.set(subscription, group)
    },
    remove,
    match({ changes, through }, slice) {
      for (const change of changes) {
        if (change.number <= cursor) continue
        if (!giveAll(change, slice)) return
        cursor = change.number
        if (slice.spend(1)) return
      }
      cursor = through
      for (const each of subscriptions) each.cursor = Math.max(each.cursor, through)
    },
  }
}

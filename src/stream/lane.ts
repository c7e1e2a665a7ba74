import type { Matcher } from '../condition/match.ts'
import type { Change, Changes } from './change-log.ts'
import { createSubscriberIndex, type SubscriberIndex } from './subscriber-index.ts'
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
  readonly cost: number
  readonly matches: Matcher
  readonly members: Set<Subscription>
  /** The last number that every member was given. */
  cursor: number
  /** Takes it out of the index. */
  leaveIndex: () => void
}

/** To look a row up is not worth while for fewer. */
const fewGroups = 8

/** To send a change to one, next to comparing two values. */
const sendCost = 50
/** The clock is not asked before that. */
const enoughCost = 200
/** The costs are those of a row of so many characters. */
const usualCharacters = 1024

export function createLane(begin: number): Lane {
  const groups = new Map<string, Group>()
  /** Undefined as long as there are few. */
  let index: SubscriberIndex<Group> | undefined
  const subscriptions = new Set<Subscription>()
  const placed = new Map<Subscription, Group>()
  let cursor = begin

  function groupOf(wanted: Wanted): Group {
    const known = groups.get(wanted.key)
    if (known !== undefined) return known
    const { cost, matches } = wanted
    const members = new Set<Subscription>()
    const group: Group = { wanted, cost, matches, members, cursor, leaveIndex: () => undefined }
    groups.set(wanted.key, group)
    if (index !== undefined) group.leaveIndex = index.add(group, wanted.predicates)
    else if (groups.size > fewGroups) index = indexOf(groups.values())
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
    group.leaveIndex()
  }

  /** Whether all who want it were given it; once the slice is over the rest is left for the next one. */
  function give(change: Change, slice: Slice): boolean {
    const { number } = change
    const row = change.row()
    // Whole numbers alone: thousands of these are added up for each change.
    const size = 1 + Math.floor(change.text.length / usualCharacters)
    let spent = 0
    let isOver = false
    const visit = (group: Group): void => {
      if (isOver || group.cursor >= number) return
      spent += group.cost * size
      if (group.matches(row)) {
        // Each slice comes at least one further.
        for (const member of group.members) {
          if (number <= member.cursor) continue
          member.give(change)
          isOver = slice.spend(sendCost * size)
          if (isOver) return
        }
      }
      group.cursor = number
      if (spent < enoughCost) return
      isOver = slice.spend(spent)
      spent = 0
    }
    index?.visit(row, visit)
    for (const group of index?.others ?? groups.values()) visit(group)
    return !isOver && !slice.spend(spent)
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
        if (!give(change, slice)) return
        cursor = change.number
      }
      cursor = through
      for (const each of subscriptions) each.cursor = Math.max(each.cursor, through)
    },
  }
}

function indexOf(groups: Iterable<Group>): SubscriberIndex<Group> {
  const index = createSubscriberIndex<Group>()
  for (const group of groups) group.leaveIndex = index.add(group, group.wanted.predicates)
  return index
}

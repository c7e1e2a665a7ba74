import type { MatchedRow, Matcher } from '../condition/match.ts'
import type { Change, Changes } from './change-log.ts'
import { createSubscriberIndex, type SubscriberIndex } from './subscriber-index.ts'
import type { Subscription } from './subscription.ts'
import type { Slice } from './time-slices.ts'
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
/** Costs are given for a row of this many characters. */
const usualCharacters = 1024

/** The groups of a lane, by what they want. */
class Groups {
  readonly #byKey = new Map<string, Group>()
  /** Undefined as long as there are few. */
  #index: SubscriberIndex<Group> | undefined

  /** The group of those that want this; a new one has come as far as `cursor`. */
  of(wanted: Wanted, cursor: number): Group {
    const known = this.#byKey.get(wanted.key)
    if (known !== undefined) return known
    const { cost, matches } = wanted
    const members = new Set<Subscription>()
    const group: Group = { wanted, cost, matches, members, cursor, leaveIndex: () => undefined }
    this.#byKey.set(wanted.key, group)
    if (this.#index !== undefined) group.leaveIndex = this.#index.add(group, wanted.predicates)
    else if (this.#byKey.size > fewGroups) this.#index = indexOf(this.#byKey.values())
    return group
  }

  remove(group: Group): void {
    this.#byKey.delete(group.wanted.key)
    group.leaveIndex()
  }

  /** Visits every group that may want the row. */
  visit(row: MatchedRow, visit: (group: Group) => void): void {
    this.#index?.visit(row, visit)
    for (const group of this.#index?.others ?? this.#byKey.values()) visit(group)
  }
}

export function createLane(begin: number): Lane {
  const groups = new Groups()
  const subscriptions = new Set<Subscription>()
  const placed = new Map<Subscription, Group>()
  let cursor = begin

  /** Whether all its subscribers received it; the rest waits for the next slice. */
  function give(change: Change, slice: Slice): boolean {
    const { number } = change
    const row = change.row()
    // Whole numbers alone: thousands of these are added up for each change.
    const size = 1 + Math.floor(change.text.length / usualCharacters)
    let spent = 0
    let isOver = false
    groups.visit(row, group => {
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
    })
    return !isOver && !slice.spend(spent)
  }

  return {
    subscriptions,
    get cursor() {
      return cursor
    },
    add(subscription) {
      const group = groups.of(subscription.wanted, cursor)
      group.members.add(subscription)
      group.cursor = Math.min(group.cursor, subscription.cursor)
      subscriptions.add(subscription)
      placed.set(subscription, group)
    },
    remove(subscription) {
      subscriptions.delete(subscription)
      const group = placed.get(subscription)
      placed.delete(subscription)
      group?.members.delete(subscription)
      if (group?.members.size === 0) groups.remove(group)
    },
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

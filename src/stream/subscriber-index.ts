import type { MatchedRow } from '../condition/match.ts'
import type { Predicate } from '../condition/predicate.ts'
import { createTally, type Tally } from '../fairness/tally.ts'
import { chooseKeys, type RowKey } from './row-key.ts'
import { createRowTable, placeOf, type RowTable } from './row-table.ts'

/**
 * Finds the subscribers a row may match without testing all: those that want a value, a name prefix, a
 * payload member or a text are found by it. The others are tested each time.
 */
export interface SubscriberIndex<S> {
  /** Answers what takes this out again. The same subscriber may be added for several things. */
  add(subscriber: S, predicates: readonly Predicate[]): () => void
  /**
   * Calls `visit` once per subscriber whose predicates the row may match, except those that any row may
   * match.
   */
  visit(row: MatchedRow, visit: (subscriber: S) => void): void
  /** Subscribers that any row may match. */
  readonly others: Iterable<S>
  isOther(subscriber: S): boolean
}

/** `visit`: the last one that it was part of. */
interface Bucket<S> {
  visit: number
  /** How often each is in it. */
  readonly members: Tally<Member<S>>
}

interface Member<S> {
  readonly subscriber: S
  visit: number
  /** How often it was added. */
  count: number
}

interface Table<S> {
  readonly place: string
  readonly rows: RowTable<Bucket<S>>
}

/** Each is looked at for each row. */
const maxTables = 64

export function createSubscriberIndex<S>(): SubscriberIndex<S> {
  const tables = new Map<string, Table<S>>()
  const members = new Map<S, Member<S>>()
  const others = createTally<S>()
  let visits = 0

  function population(key: RowKey): number {
    const table = tables.get(placeOf(key))
    if (table === undefined) return tables.size < maxTables ? 0 : Number.POSITIVE_INFINITY
    return table.rows.bucket(key.value)?.members.size ?? 0
  }

  function tableOf(key: RowKey): Table<S> {
    const place = placeOf(key)
    const known = tables.get(place) ?? { place, rows: createRowTable<Bucket<S>>(key) }
    tables.set(place, known)
    return known
  }

  function put(member: Member<S>, key: RowKey): () => void {
    const table = tableOf(key)
    const { value } = key
    const bucket = table.rows.bucket(value) ?? { visit: 0, members: createTally<Member<S>>() }
    table.rows.set(value, bucket)
    bucket.members.add(member, 1)
    return () => {
      bucket.members.add(member, -1)
      if (bucket.members.size > 0) return
      table.rows.delete(value)
      if (table.rows.size === 0) tables.delete(table.place)
    }
  }

  function memberOf(subscriber: S): Member<S> {
    const known = members.get(subscriber) ?? { subscriber, visit: 0, count: 0 }
    members.set(subscriber, known)
    known.count++
    return known
  }

  return {
    get others() {
      return others.keys()
    },
    isOther: subscriber => others.of(subscriber) > 0,
    add(subscriber, predicates) {
      const keys = chooseKeys(predicates, population)
      if (keys === undefined) {
        others.add(subscriber, 1)
        return () => others.add(subscriber, -1)
      }
      const member = memberOf(subscriber)
      const steps = keys.map(key => put(member, key))
      return () => {
        for (const step of steps) step()
        member.count--
        if (member.count === 0) members.delete(subscriber)
      }
    },
    visit(row, visit) {
      visits++
      const found = (bucket: Bucket<S>): void => {
        // A text may contain the same key many times.
        if (bucket.visit === visits) return
        bucket.visit = visits
        for (const member of bucket.members.keys()) {
          if (member.visit === visits) continue
          member.visit = visits
          visit(member.subscriber)
        }
      }
      for (const { rows } of tables.values()) rows.find(row, found)
    },
  }
}

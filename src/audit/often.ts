import type { Clock } from '../async/clock.ts'
import { repeat } from '../async/repeat.ts'
import type { Database } from '../database/database.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
import { type AuditEntry, noToken } from './entry.ts'
import { writeEntries } from './write.ts'

/**
 * What may happen often, is no change of its own, and must not cost its caller a write: denials above all. The same of one
 * caller becomes an entry at once, and then one a minute.
 */
export interface OftenTold {
  /** `who`: the token or the address that is answered for it. Never throws, never waits. */
  note(who: string, entry: AuditEntry): void
  /** Writes what is left. */
  close(): Promise<void>
}

export interface OftenOptions {
  readonly database: Pick<Database, 'run'>
  readonly clock: Clock
  /** Called once when writing begins to fail; what could not be written is tried again. */
  onError(error: unknown): void
  /** How soon the first one is written, and how long those that follow are collected; in milliseconds. */
  readonly soonMs?: number
  readonly collectMs?: number
}

/** Entries that are collected at once, of callers with a token and of others; what is beyond becomes one entry. */
const most = 100
/** Those of one token or address. */
const mostOfOne = 20

/** What stands for the method and the reason of more than are told apart. */
const several = 'several'

interface Collected {
  readonly who: string
  entry: AuditEntry
  count: number
  /** When it is written, or forgotten where nothing has come since. */
  due: number
}

export function createOftenTold(options: OftenOptions): OftenTold {
  const { database, clock, onError, soonMs = 1000, collectMs = 60_000 } = options
  const ofTokens = createCollection()
  const ofStrangers = createCollection()
  let isFailing = false

  async function flush(isLast: boolean): Promise<void> {
    const now = clock()
    const due = [ofTokens, ofStrangers].flatMap(each => each.due(now, isLast))
    if (due.length === 0) return
    // Those that come while this is written are counted for the next entry.
    const written = due.map(each => ({
      each,
      count: each.count,
      entry: { ...each.entry, repeated: each.count },
    }))
    await writeEntries(
      database,
      written.map(({ entry }) => entry),
    )
    for (const { each, count } of written) {
      each.count -= count
      each.due = now + collectMs
    }
  }

  async function flushOrReport(isLast = false): Promise<void> {
    try {
      await onOwnBehalf(() => flush(isLast))
      isFailing = false
    } catch (error) {
      if (!isFailing) onError(error)
      isFailing = true
    }
  }

  const flushing = repeat(soonMs, () => flushOrReport(), onError)
  return {
    note(who, entry) {
      const collection = entry.token_key === noToken.stranger ? ofStrangers : ofTokens
      collection.add(who, entry, clock() + soonMs)
    },
    async close() {
      await flushing.stop()
      await flushOrReport(true)
    },
  }
}

/** Bounded, whatever comes: by itself, of one caller, and in what it remembers of each. */
function createCollection() {
  const collected = new Map<string, Collected>()
  const counts = new Map<string, number>()

  /** Under what the entry is counted: by itself, with others of its caller, or with all others. */
  function placeOf(who: string, entry: AuditEntry): { key: string; who: string; entry: AuditEntry } {
    const { token_key, method, reason, outcome } = entry
    const own = JSON.stringify([who, token_key, method, reason])
    if (collected.has(own)) return { key: own, who, entry }
    if (collected.size < most && (counts.get(who) ?? 0) < mostOfOne) return { key: own, who, entry }
    const rest = { ...entry, method: several, reason: several, resource: null, outcome }
    const ofOne = JSON.stringify([who, several])
    if (collected.has(ofOne) || (collected.size < most && counts.has(who)))
      return { key: ofOne, who, entry: rest }
    const token = entry.token_key === noToken.stranger ? noToken.stranger : several
    return { key: several, who: '', entry: { ...rest, token_key: token, other_keys: null, address: null } }
  }

  return {
    add(who: string, given: AuditEntry, due: number): void {
      const { key, who: ofWhom, entry } = placeOf(who, given)
      const known = collected.get(key)
      if (known === undefined) {
        collected.set(key, { who: ofWhom, entry, count: 1, due })
        counts.set(ofWhom, (counts.get(ofWhom) ?? 0) + 1)
        return
      }
      // The time of an entry is that of the first one it counts.
      if (known.count === 0) known.entry = entry
      known.count++
    },
    due(now: number, isLast: boolean): readonly Collected[] {
      const due = [...collected].filter(([, each]) => isLast || each.due <= now)
      for (const [key, { who, count }] of due) {
        if (count > 0) continue
        collected.delete(key)
        const left = (counts.get(who) ?? 1) - 1
        if (left === 0) counts.delete(who)
        else counts.set(who, left)
      }
      return due.flatMap(([, each]) => (each.count > 0 ? [each] : []))
    },
  }
}

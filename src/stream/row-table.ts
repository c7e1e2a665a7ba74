import { loweredText, type MatchedRow } from '../condition/match.ts'
import { createTally } from '../fairness/tally.ts'
import { gramAt, gramLength, joinValues, type RowKey, valueAt } from './row-key.ts'

/** The entries for one kind of key of one column, in buckets by the row's value. */
export interface RowTable<B> {
  bucket(value: unknown): B | undefined
  set(value: unknown, bucket: B): void
  delete(value: unknown): void
  readonly size: number
  /** Calls `found` for the bucket of each key that the row has. */
  find(row: MatchedRow, found: (bucket: B) => void): void
}

/** Keys of the same place are in the same table. */
export function placeOf(key: RowKey): string {
  switch (key.kind) {
    case 'values':
      return `values ${key.columns.join()}`
    case 'payload':
      return `payload ${key.column} ${JSON.stringify(key.path)}`
    default:
      return `${key.kind} ${key.column}`
  }
}

export function createRowTable<B>(key: RowKey): RowTable<B> {
  switch (key.kind) {
    case 'values':
      return tableOf(readerOf(key.columns))
    case 'payload':
      return tableOf(row => valueAt(row, key.column, key.path))
    case 'prefix':
      return prefixTable(key.column)
    case 'gram':
      return gramTable(key.column)
  }
}

function readerOf(columns: readonly string[]): (row: MatchedRow) => unknown {
  const [only = '', ...others] = columns
  if (others.length === 0) return ({ members }) => members[only]
  return ({ members }) => joinValues(columns.map(column => members[column]))
}

function tableOf<B>(read: (row: MatchedRow) => unknown): RowTable<B> {
  const buckets = new Map<unknown, B>()
  return {
    ...storedIn(buckets),
    get size() {
      return buckets.size
    },
    find(row, found) {
      const bucket = buckets.get(read(row))
      if (bucket !== undefined) found(bucket)
    },
  }
}

function storedIn<B>(buckets: Map<unknown, B>): Pick<RowTable<B>, 'bucket' | 'set' | 'delete'> {
  return {
    bucket: value => buckets.get(value),
    set: (value, bucket) => void buckets.set(value, bucket),
    delete: value => void buckets.delete(value),
  }
}

/** A name has few beginnings of the lengths that anybody asks for. */
function prefixTable<B>(column: string): RowTable<B> {
  const buckets = new Map<unknown, B>()
  const lengths = createTally<number>()
  return {
    ...storedIn(buckets),
    get size() {
      return buckets.size
    },
    set(value, bucket) {
      if (!buckets.has(value)) lengths.add(String(value).length, 1)
      buckets.set(value, bucket)
    },
    delete(value) {
      if (buckets.delete(value)) lengths.add(String(value).length, -1)
    },
    find({ members }, found) {
      const text = String(members[column])
      for (const length of lengths.keys()) {
        const bucket = length > text.length ? undefined : buckets.get(text.slice(0, length))
        if (bucket !== undefined) found(bucket)
      }
    },
  }
}

const fewestFlags = 1024
/** About one in this many flags is set, so nearly all positions of a text are skipped. */
const flagsOfBucket = 16

/** Every place of a text is looked at, so a flag says first whether anybody may want what begins there. */
function gramTable<B>(column: string): RowTable<B> {
  const buckets = new Map<number, B>()
  let flags = new Uint8Array(fewestFlags)

  const flagOf = (gram: number): number => (gram ^ (gram >>> 13)) & (flags.length - 1)

  function grow(): void {
    if (buckets.size * flagsOfBucket <= flags.length) return
    flags = new Uint8Array(flags.length * 4)
    for (const gram of buckets.keys()) flags[flagOf(gram)] = 1
  }

  return {
    bucket: value => buckets.get(Number(value)),
    set(value, bucket) {
      const gram = Number(value)
      buckets.set(gram, bucket)
      flags[flagOf(gram)] = 1
      grow()
    },
    // Another key may share its flag.
    delete: value => void buckets.delete(Number(value)),
    get size() {
      return buckets.size
    },
    find(row, found) {
      if (row.nulls.has(column)) return
      const text = loweredText(row, column)
      for (let at = 0; at <= text.length - gramLength; at++) {
        const gram = gramAt(text, at)
        if (flags[flagOf(gram)] === 0) continue
        const bucket = buckets.get(gram)
        if (bucket !== undefined) found(bucket)
      }
    },
  }
}

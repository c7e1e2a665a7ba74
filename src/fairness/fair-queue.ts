/**
 * Waiting items by key: each key has a turn before any has a second one; within a key the order is first in,
 * first out. Undefined is a key like any other.
 */
export interface FairQueue<Key, Item> {
  readonly size: number
  /** How many items of one key wait. */
  sizeOf(key: Key): number
  /** Every key with waiting items; the key whose last turn is longest ago comes first. */
  keys(): Iterable<Key>
  push(key: Key, item: Item): void
  /** The next in turn among the keys that `may` have one; undefined when there is none. */
  take(may?: (key: Key) => boolean): Item | undefined
  /** Removes an item that gives up waiting; false if it is not waiting. */
  remove(key: Key, item: Item): boolean
  /** Removes all items, in no particular order. */
  clear(): readonly Item[]
}

export function createFairQueue<Key, Item>(): FairQueue<Key, Item> {
  // A Map keeps insertion order: a key that had its turn is inserted again, behind the others.
  const lines = new Map<Key, Set<Item>>()
  let size = 0

  function drop(key: Key, line: Set<Item>, item: Item): boolean {
    if (!line.delete(item)) return false
    size--
    if (line.size === 0) lines.delete(key)
    return true
  }

  return {
    get size() {
      return size
    },
    sizeOf: key => lines.get(key)?.size ?? 0,
    keys: () => lines.keys(),
    push(key, item) {
      const line = lines.get(key) ?? new Set()
      lines.set(key, line.add(item))
      size++
    },
    take(may = () => true) {
      for (const [key, line] of lines) {
        if (!may(key)) continue
        const [item] = line
        if (item === undefined) continue
        lines.delete(key)
        lines.set(key, line)
        drop(key, line, item)
        return item
      }
      return undefined
    },
    remove(key, item) {
      const line = lines.get(key)
      return line !== undefined && drop(key, line, item)
    },
    clear() {
      const all = [...lines.values()].flatMap(line => [...line])
      lines.clear()
      size = 0
      return all
    },
  }
}

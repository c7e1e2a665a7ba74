/**
 * What waits, by whom it waits for: each has a turn before anybody has a second one, and of one key the first comes first.
 * Undefined is a key as any other.
 */
export interface FairQueue<Key, Item> {
  readonly size: number
  /** How much waits of one key. */
  sizeOf(key: Key): number
  /** Every key of which something waits, whoever had no turn for longest first. */
  keys(): Iterable<Key>
  push(key: Key, item: Item): void
  /** The next in turn among the keys that `may` have one; undefined when there is none. */
  take(may?: (key: Key) => boolean): Item | undefined
  /** Takes out one that does not want to wait any more; false when it does not wait. */
  remove(key: Key, item: Item): boolean
  /** Takes out all, in no order that means anything. */
  clear(): readonly Item[]
}

export function createFairQueue<Key, Item>(): FairQueue<Key, Item> {
  // A Map keeps the order in which keys were put in: whoever had a turn is put in again, behind the others.
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

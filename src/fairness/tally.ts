/** Sums by key. A key whose sum is zero is forgotten, so that it takes no memory for ever. */
export interface Tally<Key> {
  of(key: Key): number
  add(key: Key, amount: number): void
  /** Those whose sum is not zero, in the order in which they came. */
  keys(): Iterable<Key>
  readonly size: number
  /** The key with the largest sum; undefined when there is none. */
  largest(): Key | undefined
}

export function createTally<Key>(): Tally<Key> {
  const sums = new Map<Key, number>()
  const of = (key: Key): number => sums.get(key) ?? 0
  return {
    of,
    add(key, amount) {
      const sum = of(key) + amount
      if (sum === 0) sums.delete(key)
      else sums.set(key, sum)
    },
    keys: () => sums.keys(),
    get size() {
      return sums.size
    },
    largest() {
      let found: Key | undefined
      let most = 0
      for (const [key, sum] of sums) {
        if (sum <= most) continue
        found = key
        most = sum
      }
      return found
    },
  }
}

/** Sums by key. A key whose sum is zero is removed, so that it does not leak memory. */
export interface Tally<Key> {
  of(key: Key): number
  add(key: Key, amount: number): void
  /** The keys whose sum is not zero, in insertion order. */
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

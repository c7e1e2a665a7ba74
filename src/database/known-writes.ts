/** When each was last told something by the primary: what they ask next must not be answered from before. */
export interface KnownWrites {
  note(whom: string | undefined, time: number): void
  /** -Infinity: never, as far as anybody needs to know. */
  lastOf(whom: string | undefined): number
}

/** Forgets first who was noted first; from then on all others count as having been told by then. */
export function createKnownWrites(maxKnown = 10_000): KnownWrites {
  const times = new Map<string | undefined, number>()
  let forgotten = Number.NEGATIVE_INFINITY
  return {
    note(whom, time) {
      // Again at the end of the order.
      times.delete(whom)
      times.set(whom, time)
      if (times.size <= maxKnown) return
      const [first] = times
      if (first === undefined) return
      times.delete(first[0])
      forgotten = Math.max(forgotten, first[1])
    },
    lastOf: whom => Math.max(times.get(whom) ?? forgotten, forgotten),
  }
}

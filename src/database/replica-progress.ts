/** Times are milliseconds of one monotonic clock, positions bytes of the primary's log. */
export interface ReplicaProgress {
  /** The primary had written up to `position` at `time` or later. */
  sample(time: number, position: number): void
  /** The replica shows everything up to `position`. */
  replayed(position: number): void
  /** Do not trust the replica until it is asked again. */
  forget(): void
  /** The replica shows everything that was committed before this time; -Infinity: nothing is known. */
  readonly provenUpTo: number
}

/** The longer a replica lags, the coarser its samples: a few thousand after a year. */
const precision = 500

/**
 * How far a replica is known to be, proven by positions in the log. The time of its last replayed transaction says nothing
 * while the primary is idle; the position that it received says nothing while its connection is broken.
 */
export function createReplicaProgress(): ReplicaProgress {
  let samples: { readonly time: number; readonly position: number }[] = []
  let provenUpTo = Number.NEGATIVE_INFINITY
  return {
    sample(time, position) {
      const last = samples.at(-1)
      // Another primary with another log.
      if (last !== undefined && position < last.position) samples = []
      const [first, before] = [samples[0], samples.at(-2)]
      if (first && before && last && last.time - before.time < (time - first.time) / precision) samples.pop()
      samples.push({ time, position })
    },
    replayed(position) {
      const behind = samples.findIndex(sample => sample.position > position)
      const shown = behind === -1 ? samples.length : behind
      const newest = samples[shown - 1]
      if (newest === undefined) return
      provenUpTo = newest.time
      // The newest stays: after `forget` it is what proves the replica again.
      samples.splice(0, shown - 1)
    },
    forget() {
      provenUpTo = Number.NEGATIVE_INFINITY
    },
    get provenUpTo() {
      return provenUpTo
    },
  }
}

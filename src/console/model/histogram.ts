export const stateNames = ['success', 'failure', 'running', 'waiting'] as const
export type StateName = (typeof stateNames)[number]
export type StateCounts = Readonly<Record<StateName, number>>

/** Records of a span of time, as `X_stats` counts them. */
export interface Bucket {
  /** Where it begins, epoch milliseconds. */
  readonly time: number
  readonly count: number
  /** All 0 where the records of a resource have no state. */
  readonly by_state: StateCounts
}

/** A part of a bar: records without a state, or those of one. */
export type Layer = StateName | 'other'
export const layers: readonly Layer[] = [...stateNames, 'other']

export interface Stack {
  readonly layer: Layer
  /** For each bucket, what this layer and those below it count. */
  readonly tops: readonly number[]
}

/** The layers that count anything, the undermost first: of each, how high it reaches. */
export function stackLayers(buckets: readonly Bucket[]): readonly Stack[] {
  const below = buckets.map(() => 0)
  return layers.flatMap(layer => {
    const counts = buckets.map(bucket => countOf(bucket, layer))
    if (counts.every(count => count === 0)) return []
    for (const [i, count] of counts.entries()) below[i] = (below[i] ?? 0) + count
    return [{ layer, tops: [...below] }]
  })
}

export function countOf({ count, by_state: states }: Bucket, layer: Layer): number {
  if (layer !== 'other') return states[layer]
  return Math.max(0, count - stateNames.reduce((sum, name) => sum + states[name], 0))
}

/** How many of each layer there are in all buckets. */
export function totalsOf(buckets: readonly Bucket[]): ReadonlyMap<Layer, number> {
  return new Map(
    layers.map(layer => [layer, buckets.reduce((sum, bucket) => sum + countOf(bucket, layer), 0)]),
  )
}

/** Where a bucket ends; the last one is as long as the one before it. */
export function endOfBucket(buckets: readonly Bucket[], at: number, bucketMs: number): number {
  return buckets[at + 1]?.time ?? (buckets[at]?.time ?? 0) + bucketMs
}

/** The bucket that a time lies in; undefined outside of all. */
export function bucketAt(buckets: readonly Bucket[], time: number, bucketMs: number): number | undefined {
  const at = buckets.findLastIndex(bucket => bucket.time <= time)
  return at < 0 || time >= endOfBucket(buckets, at, bucketMs) ? undefined : at
}

/** Inclusive times of the buckets from `a` to `b`, in either order: what `{TIME_from_to: […]}` takes. */
export function spanOfBuckets(
  buckets: readonly Bucket[],
  [a, b]: readonly [number, number],
  bucketMs: number,
): readonly [number, number] {
  const [first, last] = a <= b ? [a, b] : [b, a]
  return [buckets[first]?.time ?? 0, endOfBucket(buckets, last, bucketMs) - 1]
}

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Bucket,
  bucketAt,
  countOf,
  layers,
  spanOfBuckets,
  stackLayers,
  totalsOf,
} from '../../../src/console/model/histogram.ts'

const few = fc.nat({ max: 5 })
const someBuckets = fc.array(fc.tuple(few, few, few, few, few), { minLength: 1, maxLength: 20 }).map(list =>
  list.map(
    ([success, failure, running, waiting, other], i): Bucket => ({
      time: 1000 + i * 60,
      count: success + failure + running + waiting + other,
      by_state: { success, failure, running, waiting },
    }),
  ),
)

describe('the bars of a histogram', () => {
  it('are as high as their buckets count, in layers that are never negative', () => {
    fc.assert(
      fc.property(someBuckets, buckets => {
        const stacks = stackLayers(buckets)
        for (const [i, bucket] of buckets.entries()) {
          const tops = stacks.map(({ tops }) => tops[i] ?? 0)
          expect(tops.at(-1) ?? 0).toBe(bucket.count)
          expect(tops).toEqual(tops.toSorted((a, b) => a - b))
        }
        const sum = [...totalsOf(buckets).values()].reduce((all, count) => all + count, 0)
        expect(sum).toBe(buckets.reduce((all, { count }) => all + count, 0))
      }),
    )
  })

  it('leave out the layers that count nothing', () => {
    const by_state = { success: 0, failure: 2, running: 0, waiting: 0 }
    const bucket = { time: 0, count: 5, by_state }
    expect(stackLayers([bucket]).map(({ layer, tops }) => [layer, tops])).toEqual([
      ['failure', [2]],
      ['other', [5]],
    ])
    expect(layers.map(layer => countOf(bucket, layer))).toEqual([0, 2, 0, 0, 3])
  })

  it('span whole buckets, whichever end comes first', () => {
    const empty = { success: 0, failure: 0, running: 0, waiting: 0 }
    const buckets = [0, 60, 120].map(time => ({ time, count: 0, by_state: empty }))
    expect(spanOfBuckets(buckets, [2, 1], 60)).toEqual([60, 179])
    expect(spanOfBuckets(buckets, [0, 0], 60)).toEqual([0, 59])
    expect([-1, 0, 59, 60, 179, 180].map(time => bucketAt(buckets, time, 60))).toEqual([
      undefined,
      0,
      0,
      1,
      2,
      undefined,
    ])
  })
})

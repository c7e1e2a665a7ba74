import { useMemo } from 'preact/hooks'
import type { Statistics } from '../client/client.ts'
import type { StateCounts } from './model/histogram.ts'
import { useCall } from './rpc.ts'

/** What records of a name did since a day ago. */
export interface NameStats {
  readonly count: number
  readonly by_state: StateCounts
  /** The 95th percentile of how long they took, in milliseconds; null where none has ended. */
  readonly p95: number | null
}

export interface DayStats {
  /** Since when records count, epoch milliseconds. */
  readonly from: number
  /** Undefined while it is not known, or where it may not be. */
  readonly of: ReadonlyMap<string, NameStats> | undefined
}

const dayMs = 24 * 60 * 60 * 1000
const minuteMs = 60 * 1000

/** Counts the records of the last day by name, again and again. `time`: the field that says when a record is of. */
export function useDayStats(
  { resource, name, time }: { readonly resource: string; readonly name: string; readonly time: string },
  every: number | undefined,
): DayStats {
  // The same for a minute, so that it is one question.
  const from = Math.floor((Date.now() - dayMs) / minuteMs) * minuteMs
  const params = {
    query: { condition: [{ [`${time}_from`]: from }] },
    group_by: [name],
    percentiles: [0.95],
    top: 100,
  }
  const { data } = useCall(`${resource}_stats` as string, params, { every })
  const answer = data.value as Statistics | undefined
  const of = useMemo(
    () =>
      answer &&
      new Map(
        answer.groups.map(({ key, count, by_state, duration }) => [
          String(key[name]),
          { count, by_state, p95: duration?.p95 ?? null },
        ]),
      ),
    [answer, name],
  )
  return { from, of }
}

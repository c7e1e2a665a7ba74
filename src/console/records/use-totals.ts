import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Statistics } from '../../client/client.ts'
import type { RecordsShape } from '../model/records-shape.ts'
import { isAbsence } from '../rpc.ts'
import { countRecords, readStats } from './api.ts'

export interface Totals {
  /** How many records there are; undefined until it is known. */
  readonly total: number | undefined
  /** How they lie in time, where the server says so. */
  readonly buckets: Statistics['buckets']
  readonly error: unknown
}

export interface TotalsInput {
  readonly shape: RecordsShape
  readonly condition: readonly unknown[]
  readonly version: number
  /** Counts again each time so many milliseconds have passed; absent: not. */
  readonly every: number | undefined
}

/** The true number of records that a filter finds, whatever the list has loaded. */
export function useTotals({ shape, condition, version, every }: TotalsInput): Totals {
  const totals = useSignal<Totals>({ total: undefined, buckets: [], error: undefined })
  const key = JSON.stringify([shape.resource, condition])
  useEffect(() => {
    totals.value = { ...totals.peek(), total: undefined, error: undefined }
  }, [key])
  useEffect(() => {
    let going: AbortController | undefined
    const load = async (): Promise<void> => {
      going?.abort()
      const own = new AbortController()
      going = own
      try {
        const found = await readTotals(shape, condition, own.signal)
        if (!own.signal.aborted) totals.value = { ...found, error: undefined }
      } catch (error) {
        if (!own.signal.aborted) totals.value = { ...totals.peek(), error }
      }
    }
    void load()
    const timer = every === undefined ? undefined : setInterval(() => !document.hidden && void load(), every)
    return () => {
      clearInterval(timer)
      going?.abort()
    }
  }, [key, version, every])
  return totals.value
}

async function readTotals(
  { resource, has }: RecordsShape,
  condition: readonly unknown[],
  signal: AbortSignal,
): Promise<Pick<Totals, 'total' | 'buckets'>> {
  if (has.stats) {
    try {
      return await readStats(resource, condition, signal)
    } catch (error) {
      // What cannot be put into buckets can still be counted.
      if (signal.aborted || isAbsence(error)) throw error
    }
  }
  return { total: await countRecords(resource, condition, signal), buckets: [] }
}

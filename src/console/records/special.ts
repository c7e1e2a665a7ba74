import { hrefOf, type Place } from '../model/place.ts'
import type { RecordRow } from '../model/record-row.ts'
import { call } from '../rpc.ts'

/** What only records of one kind have. */
export interface Special {
  /** Does the same again; resolves to the key of the new record, where it is known. */
  readonly runAgain?: (row: RecordRow) => Promise<unknown>
  /** The member that `runAgain` needs beside those that are shown. */
  readonly againNeeds?: string
  /** Another place that shows it among others. */
  readonly chain?: (row: RecordRow) => Place
  /** Where the change events of its run are. */
  readonly traceOf?: (row: RecordRow) => TracePlace | undefined
}

export interface TracePlace {
  /** A job is one run of a script; an item is an event that a handler takes, in one attempt or more. */
  readonly of: 'job' | 'item'
  readonly folder: string
  /** What tells it from others: when the job began, or when the item was queued. Epoch milliseconds. */
  readonly begun: number
  readonly from: number
  /** Absent: it has not ended. */
  readonly to: number | undefined
}

const specials: Readonly<Record<string, Special>> = {
  'js-result': {
    againNeeds: 'param',
    async runAgain({ js_worker_name: name, run_type: runType, param }) {
      const params = {
        js_script_name: String(name),
        run_type: String(runType),
        ...(param !== null && param !== undefined && { params: param }),
      }
      const answer = (await call('js-worker_run' as string, params)) as { readonly id?: unknown }
      return answer.id
    },
    traceOf({ js_worker_name: name, start_time: start, finish_time: finish }) {
      if (typeof start !== 'number') return undefined
      return { of: 'job', folder: `js-worker/${name}`, begun: start, from: start, to: timeOr(finish) }
    },
  },
  'event-log': {
    async runAgain({ id }) {
      const params = { query: { condition: [{ id }] }, max_affected: 1 }
      const answer = (await call('event-log_replay' as string, params)) as {
        readonly event_logs?: readonly { readonly id: unknown }[]
      }
      return answer.event_logs?.[0]?.id
    },
    traceOf({ full_name: name, created_time: created, finish_time: finish }) {
      if (typeof created !== 'number') return undefined
      return { of: 'item', folder: `event/${name}`, begun: created, from: created, to: timeOr(finish) }
    },
    chain: ({ request_id: requestId }) => ({ path: ['chain', String(requestId)], params: {} }),
  },
}

function timeOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export function specialOf(resource: string): Special {
  return Object.hasOwn(specials, resource) ? (specials[resource] ?? {}) : {}
}

export function chainHref(resource: string, row: RecordRow): string | undefined {
  const to = specialOf(resource).chain?.(row)
  return to && hrefOf(to)
}

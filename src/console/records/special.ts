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
  /** Where the lines that its script wrote are. */
  readonly consoleOf?: (row: RecordRow) => ConsolePlace | undefined
}

export interface ConsolePlace {
  readonly folder: string
  /** When the run began and ended, epoch milliseconds. */
  readonly start: number
  readonly finish: number | undefined
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
    consoleOf: ({ js_worker_name: name, start_time: start, finish_time: finish }) =>
      typeof start !== 'number'
        ? undefined
        : {
            folder: `js-worker/${name}`,
            start,
            finish: typeof finish === 'number' ? finish : undefined,
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
    chain: ({ request_id: requestId }) => ({ path: ['chain', String(requestId)], params: {} }),
  },
}

export function specialOf(resource: string): Special {
  return Object.hasOwn(specials, resource) ? (specials[resource] ?? {}) : {}
}

export function chainHref(resource: string, row: RecordRow): string | undefined {
  const to = specialOf(resource).chain?.(row)
  return to && hrefOf(to)
}

import { expect } from 'vitest'
import { jitaiCases } from '../dialect/jitai/method-cases.ts'
import { badQueries, type MethodCase, type Params } from './method-case.ts'
import { eventCases, prepareEventCases } from './method-cases-events.ts'
import { handlerCases, prepareHandlerCases } from './method-cases-handlers.ts'
import { prepareTokenCases, tokenCases } from './method-cases-tokens.ts'
import { prepareWorkerCases, workerCases } from './method-cases-workers.ts'
import type { Wire } from './support/wire.ts'

export type { MethodCase } from './method-case.ts'

const count = expect.any(Number)

/** The methods of one kind of record; `row` is one that is open, `name` that of the object that it belongs to. */
function recordCases(resource: string, name: string, row: Params): MethodCase[] {
  const condition = [{ [name]: row[name] }]
  const access = 'limits'
  const reading = { access, isStrict: true, params: () => ({ query: { condition } }) } as const
  return [
    {
      ...reading,
      method: `${resource}_query`,
      result: expect.arrayContaining([expect.objectContaining(row)]),
      malformed: badQueries,
    },
    {
      ...reading,
      method: `${resource}_page`,
      result: { rows: expect.arrayContaining([expect.objectContaining(row)]), next: null },
      malformed: [...badQueries, [{ after: 'x' }, 'after'], [{ order: 'up' }, 'order']],
    },
    { ...reading, method: `${resource}_count`, result: { count }, malformed: badQueries },
    {
      ...reading,
      method: `${resource}_delete`,
      params: () => ({ query: { condition }, dry_run: true }),
      result: { success: true, deleted: 0, condition_count: 1, would_delete: count },
      malformed: [...badQueries, [{ dry_run: 1 }, 'dry_run'], [{ max_affected: -1 }, 'max_affected']],
    },
    {
      method: `${resource}_append`,
      access,
      isStrict: false,
      params: () => ({ rows: [row] }),
      result: { ids: [count] },
      malformed: [
        [{ rows: undefined }, 'rows'],
        [{ rows: row }, 'rows'],
        [{ rows: [{ ...row, extra: 1 }] }, 'rows[0].extra'],
      ],
    },
    {
      method: `${resource}_finish`,
      access,
      isStrict: false,
      params: async wire => {
        const { ids } = await wire.result<{ ids: number[] }>(`${resource}_append`, { rows: [row] })
        return { id: ids[0], result: { done: true } }
      },
      result: { updated: 1 },
      malformed: [
        [{ id: undefined }, 'id'],
        [{ id: '1' }, 'id'],
        [{ result: undefined }, 'result'],
        [{ error_message: 'x' }, 'error_message'],
      ],
    },
  ]
}

/** Makes what the cases call; once before they are run. */
export async function prepareCases(wire: Wire): Promise<void> {
  await wire.result('js-result_append', { rows: [{ js_worker_name: 'case_a', run_type: 'call' }] })
  await wire.result('event-log_append', { rows: [{ full_name: 'case_a', sender: 'app', status: 'running' }] })
  await prepareTokenCases(wire)
  await prepareEventCases(wire)
  await prepareHandlerCases(wire)
  await prepareWorkerCases(wire)
}

/** Every method that there is; a test compares the names with the OpenRPC document. */
export const methodCases: readonly MethodCase[] = [
  {
    method: 'nodeget-server_hello',
    access: 'public',
    isStrict: false,
    params: () => ({}),
    result: 'NodeGet Server Is Running!',
    malformed: [],
  },
  {
    method: 'rpc.discover',
    access: 'public',
    isStrict: false,
    params: () => ({}),
    result: expect.objectContaining({ openrpc: '1.3.2' }),
    malformed: [],
  },
  ...recordCases('js-result', 'js_worker_name', { js_worker_name: 'case_a', run_type: 'call' }),
  ...recordCases('event-log', 'full_name', { full_name: 'case_a', sender: 'app', status: 'running' }),
  ...eventCases,
  ...handlerCases,
  ...workerCases,
  ...tokenCases,
  ...jitaiCases,
]

import { expect, vi } from 'vitest'
import { samples } from '../compat/uipath/samples.ts'
import { badQueries, type MethodCase, type Params } from './method-case.ts'
import { secrets } from './support/app.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)
const byState = { success: count, failure: count, running: count, waiting: count }

/** A kind of record, and one of it. */
interface Recorded {
  readonly resource: string
  /** Its key, unless that is `id`. */
  readonly key?: string
  /** The member that names the object that it belongs to. */
  readonly name: string
  readonly row: Params
  /** What else tells it from others of the same name. */
  readonly also?: readonly unknown[]
}

const runs: readonly Recorded[] = [
  { resource: 'js-result', name: 'js_worker_name', row: { js_worker_name: 'case_a', run_type: 'call' } },
  {
    resource: 'event-log',
    name: 'full_name',
    row: { full_name: 'case_a', sender: 'app', status: 'running' },
  },
]

const appended: readonly Recorded[] = [
  ...runs,
  {
    resource: 'service-event',
    name: 'service_id',
    row: { project_id: 'case_a', service_id: 'case_b', service_name: 'case_c', event_info: 'it began' },
  },
  {
    resource: 'execution-event',
    name: 'execution_id',
    row: {
      execution_id: 'case_a',
      name: 'case_a.1',
      namespace: 'case',
      reason: 'Began',
      message: 'it began',
    },
  },
]

/** Of a kind that is published, not appended. */
const changed: Recorded = {
  resource: 'change-event',
  key: 'sequence_number',
  name: 'full_folder_path',
  row: { full_folder_path: 'case/a', event_type: 'machine.created' },
}

/** Of a kind that the server keeps to itself. */
const kept: Recorded = {
  resource: 'audit-log',
  name: 'token_key',
  row: { token_key: secrets.root.slice(0, 16), outcome: 'success' },
  also: ['is_success'],
}

/** The methods that look at one kind of record. */
function readingCases({ resource, key = 'id', name, also = [], row }: Recorded): MethodCase[] {
  const condition = [{ [name]: row[name] }, ...also]
  const reading = { access: 'limits', params: () => ({ query: { condition } }) } as const
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
      method: `${resource}_get`,
      access: 'limits',
      params: async wire => {
        const rows = await wire.result<Params[]>(`${resource}_query`, { query: { condition } })
        return { id: rows[0]?.[key] }
      },
      result: expect.objectContaining(row),
      malformed: [
        [{ id: undefined }, 'id'],
        [{ id: '1' }, 'id'],
        [{ id: 2 ** 52 }, 'id', 105],
      ],
    },
    {
      method: `${resource}_facet`,
      access: 'limits',
      params: () => ({ query: { condition }, field: name, prefix: String(row[name]).slice(0, 4) }),
      result: { values: [{ value: row[name], count }], truncated: false },
      malformed: [
        ...badQueries,
        [{ field: undefined }, 'field'],
        [{ field: key }, 'field'],
        [{ prefix: 'x'.repeat(129) }, 'prefix'],
        [{ limit: 101 }, 'limit'],
      ],
    },
    {
      ...reading,
      method: `${resource}_stats`,
      params: () => ({
        query: { condition },
        group_by: [name],
        bucket: { ms: 'auto' },
        top: 5,
        percentiles: [],
      }),
      result: {
        total: count,
        groups: [{ key: { [name]: row[name] }, count, by_state: byState }],
        buckets: expect.arrayContaining([{ time: count, count, by_state: byState }]),
        truncated: false,
      },
      malformed: [
        ...badQueries,
        [{ group_by: ['id'] }, 'group_by[0]'],
        [{ group_by: [name, name] }, 'group_by[1]'],
        [{ group_by: [name, name, name] }, 'group_by'],
        [{ bucket: { ms: 0 } }, 'bucket.ms'],
        [{ bucket: { ms: 'week' } }, 'bucket.ms'],
        [{ bucket: { ms: 1.5 * 86_400_000 } }, 'bucket.ms'],
        [{ bucket: { ms: 1000, field: name } }, 'bucket.field'],
        [{ bucket: { ms: 1000, time_zone: 'CST' } }, 'bucket.time_zone'],
        [{ top: 0 }, 'top'],
        [{ top: 101 }, 'top'],
        [{ percentiles: 0.5 }, 'percentiles'],
      ],
    },
  ]
}

function deleteCase({ resource, name, row }: Recorded): MethodCase {
  return {
    method: `${resource}_delete`,
    access: 'limits',
    params: () => ({ query: { condition: [{ [name]: row[name] }] }, dry_run: true }),
    result: { success: true, deleted: 0, condition_count: 1, would_delete: count },
    malformed: [...badQueries, [{ dry_run: 1 }, 'dry_run'], [{ max_affected: -1 }, 'max_affected']],
  }
}

/** Nobody may delete them, nor ask how many that would be; only the super token is told why. */
const keptDelete: MethodCase = {
  method: `${kept.resource}_delete`,
  access: 'super',
  params: () => ({ query: { condition: ['all'] } }),
  refused: 'append_only',
  malformed: [
    [{ query: undefined }, 'query'],
    [{ dry_run: 1 }, 'dry_run'],
  ],
}

function appendCase({ resource, row }: Recorded): MethodCase {
  return {
    method: `${resource}_append`,
    access: 'limits',
    params: () => ({ rows: [row] }),
    result: { ids: [count] },
    malformed: [
      [{ rows: undefined }, 'rows'],
      [{ rows: row }, 'rows'],
      [{ rows: [{ ...row, extra: 1 }] }, 'rows[0].extra'],
    ],
  }
}

function finishCase({ resource, row }: Recorded): MethodCase {
  return {
    method: `${resource}_finish`,
    access: 'limits',
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
  }
}

function importCase({ resource, name, row }: Recorded): MethodCase {
  const query = { condition: [{ [name]: row[name] }, 'last'] }
  return {
    method: `${resource}_import`,
    access: 'super',
    params: async wire => ({ rows: await wire.result(`${resource}_query`, { query }) }),
    result: { imported: 0, skipped: 1 },
    malformed: [
      [{ rows: undefined }, 'rows'],
      [{ rows: [] }, 'rows'],
      [{ rows: [1] }, 'rows[0]'],
    ],
  }
}

/** A ticket for the stream of one kind of record. */
const ticketCase: MethodCase = {
  method: 'stream_ticket',
  access: 'limits',
  params: () => ({ resource: 'js-result', query: { condition: [] } }),
  result: { ticket: expect.stringMatching(/^ticket\./), expires_at: expect.any(Number) },
  malformed: [
    [{ resource: undefined }, 'resource'],
    [{ resource: 'no-such' }, 'resource'],
    [{ query: 1 }, 'query'],
    [{ query: { condition: ['last'] } }, 'query.condition[0]'],
    [{ after: -1 }, 'after'],
    [{ after: 'c1.forged' }, 'after'],
    [{ format: 'envelope' }, 'format'],
  ],
}

/** The methods by which one kind of record is followed. */
function subscriptionCases({ resource }: Recorded): MethodCase[] {
  const query = { condition: [] }
  const following = { access: 'limits', over: 'WebSocket' } as const
  return [
    {
      ...following,
      method: `${resource}_subscribe`,
      params: () => ({ query }),
      result: expect.any(String),
      malformed: [
        ...badQueries,
        [{ query: { condition: ['last'] } }, 'query.condition[0]'],
        [{ after: -1 }, 'after'],
        [{ after: 'c1.forged' }, 'after'],
        [{ after: 2 ** 40 }, 'after', 108],
        [{ format: 'csv' }, 'format'],
      ],
    },
    {
      ...following,
      access: 'own',
      method: `${resource}_unsubscribe`,
      params: async wire => {
        return { subscription: await wire.result<string>(`${resource}_subscribe`, { query }) }
      },
      result: true,
      malformed: [
        [{ subscription: undefined }, 'subscription'],
        [{ subscription: 1 }, 'subscription'],
        [{ subscription: 'case_nobody' }, 'subscription', 105],
      ],
    },
  ]
}

/** Makes what the cases call; once before they are run. */
export async function prepareRecordCases(wire: Wire): Promise<void> {
  for (const { resource, row } of appended) await wire.result(`${resource}_append`, { rows: [row] })
  await wire.result('js-result_delete', { query: { condition: [{ id: 1_000_000 }] } })
  const { event_type: EventType, full_folder_path: FullFolderPath } = changed.row
  const body = { ...samples['a machine'], EventType, FullFolderPath }
  await wire.result('change-event_publish', { events: [{ body }] })
  const condition = [{ [changed.name]: FullFolderPath }]
  // It can be read once it has its number.
  const isThere = async () => {
    const { count } = await wire.result<{ count: number }>(`${changed.resource}_count`, {
      query: { condition },
    })
    return count > 0
  }
  await vi.waitUntil(isThere, { timeout: 10_000, interval: 10 })
}

/** What each kind of record has; special methods have files of their own. */
export const recordCases: readonly MethodCase[] = [
  ...[...appended, changed, kept].flatMap(readingCases),
  ...[...appended, changed].map(deleteCase),
  keptDelete,
  ...appended.map(appendCase),
  ...runs.map(finishCase),
  ...[...appended, changed].map(importCase),
  ...[...appended, changed, kept].flatMap(subscriptionCases),
  ticketCase,
]

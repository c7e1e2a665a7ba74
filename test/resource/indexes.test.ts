import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor, type Order } from '../../src/condition/cursor.ts'
import { addIndex, removeIndex } from '../../src/resource/added-index.ts'
import { auditLog } from '../../src/resource/kind/audit-log.ts'
import { changeEvent } from '../../src/resource/kind/change-event.ts'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { executionEvent } from '../../src/resource/kind/execution-event.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { serviceEvent } from '../../src/resource/kind/service-event.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { openTestDatabase } from '../support/databases.ts'
import { type Call, createCaller, createUndoable, type Undoable, workerHolder } from './caller.ts'
import { explainAll, type PlanNode, rowsRead, scansOf } from './explain.ts'
import {
  loadAuditLogs,
  loadChangeEvents,
  loadEventLogs,
  loadExecutionEvents,
  loadJsResults,
  loadServiceEvents,
  manyRows,
  mostRows,
  newest,
  oldest,
  someMoment,
} from './many-rows.ts'
import { type Recorder, recordStatements } from './recorder.ts'

const hour = 3_600_000

function timeConditions(field: string): readonly object[] {
  return [
    { [`${field}_from`]: newest - hour },
    { [`${field}_to`]: oldest + hour },
    { [`${field}_from_to`]: [someMoment, someMoment + hour] },
    { [`${field}_since`]: '1h' },
  ]
}

function nameConditions(field: string, value: string): readonly object[] {
  return [{ [field]: value }, { [`${field}_in`]: [value, 'none'] }, { [`${field}_like`]: `${value}*` }]
}

const ids = [{ id: 777 }, { id_in: [5, 6, 7000] }]

const ofRuns = [
  ...ids,
  ...timeConditions('start_time'),
  ...timeConditions('finish_time'),
  { duration_from: 950_000 },
  { duration_to: 2 },
  { param_contains: { n: 77 } },
  { param_path: { path: ['n'], eq: 77 } },
  { result_contains: { m: 77 } },
  { error_message_contains: 'abc' },
  'is_success',
  'is_failure',
  'is_running',
]

const conditions = new Map<Resource, readonly unknown[]>([
  [
    jsResult,
    [
      ...ofRuns,
      { js_worker_id: 77 },
      { js_worker_id_in: [77, 78] },
      ...nameConditions('js_worker_name', 'w0007'),
      ...nameConditions('run_type', 'rt9'),
    ],
  ],
  [
    eventLog,
    [
      ...ofRuns,
      'is_waiting',
      ...timeConditions('created_time'),
      ...nameConditions('full_name', 'h0007'),
      ...nameConditions('event_type', 'type7'),
      ...nameConditions('sender', 'sender77'),
      ...nameConditions('request_id', 'r777'),
      ...nameConditions('node_id', 'n777'),
      ...nameConditions('parent_node_id', 'n775'),
      { run_type: 'replay' },
      { run_type_in: ['replay'] },
      { status: 'fail' },
      { status_in: ['fail', 'waiting'] },
      { attempt: 3 },
      { attempt_in: [3, 4] },
    ],
  ],
  [
    serviceEvent,
    [
      ...ids,
      ...nameConditions('project_id', 'p77'),
      ...nameConditions('service_id', 's0007'),
      ...nameConditions('service_name', 'service77'),
      { event_type: 'abnormal' },
      { event_type_in: ['abnormal'] },
      { event_info_contains: 'INFO 7' },
      ...timeConditions('occur_time'),
      'is_success',
      'is_failure',
    ],
  ],
  [
    executionEvent,
    [
      ...ids,
      ...nameConditions('execution_id', 'e0007'),
      ...nameConditions('name', 'event77'),
      ...nameConditions('namespace', 'ns77'),
      { reason_contains: 'reason7' },
      { message_contains: 'MESSAGE 7' },
      { type: 'Warning' },
      { type_in: ['Warning'] },
      ...nameConditions('elem_type', 'type77'),
      ...nameConditions('elem_id', 'elem77'),
      ...nameConditions('action_name', 'action77'),
      ...timeConditions('first_timestamp'),
      ...timeConditions('last_timestamp'),
      { count: 3 },
      { count_in: [3, 4] },
      'is_success',
      'is_failure',
    ],
  ],
  [
    changeEvent,
    [
      { sequence_number: 777 },
      { sequence_number_in: [5, 6, 7000] },
      ...timeConditions('enqueued_time'),
      ...nameConditions('diagnostic_id', '00-77'),
      ...nameConditions('event_type', 'type77'),
      ...nameConditions('full_folder_path', 'f0007'),
      'is_failure',
    ],
  ],
  [
    auditLog,
    [
      ...ids,
      ...timeConditions('time'),
      ...nameConditions('token_key', 't0007'),
      ...nameConditions('token_name', 'user77'),
      ...nameConditions('address', '10.0.0.7'),
      ...nameConditions('method', 'method7'),
      ...nameConditions('resource', 'resource7'),
      ...nameConditions('target', 'target77'),
      ...nameConditions('ids_digest', 'd777'),
      ...nameConditions('reason', 'reason7'),
      { other_keys_contains: ['maker7'] },
      { members_contains: ['name'] },
      { condition_contains: [77] },
      { dry_run_contains: true },
      { ids_contains: [77] },
      { affected: 77 },
      { affected_in: [77, 78] },
      { repeated: 2 },
      { repeated_in: [2, 3] },
      { outcome: 'denied' },
      { outcome_in: ['denied'] },
      'is_success',
      'is_failure',
      'is_denied',
      'is_dry_run',
    ],
  ],
])

function combinedOf({ ordering: { key, time }, language }: Resource): readonly (readonly unknown[])[] {
  const word = language.words.has('is_success') ? 'is_success' : 'is_failure'
  return [
    [],
    [{ or: [{ [key]: 5 }, { [`${time}_from`]: newest - hour }] }],
    [{ and: ['is_failure', { [`${time}_from`]: newest - hour }] }],
    [{ not: word }],
  ]
}

// Deletes without a limit of most records (`is_success`, and `[]`, which is refused without "all"), and of what a negation
// leaves, which is no range of any index: PostgreSQL may read the whole table.
const unlimitedDeletes = new Set(['[]', '["is_success"]', '[{"not":"is_success"}]', '[{"not":"is_failure"}]'])

/** The conditions that docs/indexes.md calls cheap, or leaves to a filter, by resource. */
const documented = await readDocumented()

async function readDocumented(): Promise<
  ReadonlyMap<string, { cheap: readonly string[]; filtered: readonly string[] }>
> {
  const text = await readFile(new URL('../../docs/indexes.md', import.meta.url), 'utf8')
  const lines = text.matchAll(/^\| `([a-z-]+)` \| (`id`|`sequence_number`)(.*) \| (.*) \|$/gm)
  const namesIn = (cell: string) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name ?? '')
  return new Map(
    [...lines].map(([, name = '', id = '', cheap = '', filtered = '']) => [
      name,
      { cheap: namesIn(id + cheap), filtered: namesIn(filtered) },
    ]),
  )
}

function nameOf(condition: unknown): string {
  return typeof condition === 'string' ? condition : (Object.keys(Object(condition))[0] ?? '')
}

describe('on PostgreSQL an index serves', () => {
  let database: Undoable
  let recorder: Recorder
  let call: Call

  beforeAll(async () => {
    database = createUndoable(await openTestDatabase('postgres', { statementTimeoutMs: 600_000 }))
    await loadJsResults(database)
    await loadEventLogs(database)
    await loadServiceEvents(database)
    await loadExecutionEvents(database)
    await loadChangeEvents(database)
    await loadAuditLogs(database)
    recorder = recordStatements(database)
    call = createCaller(recorder.database, { now: () => newest })
  }, 600_000)
  afterAll(() => database.close())

  /** How the statements of one call read the table. */
  async function scansFor(resource: Resource, method: string, params: object): Promise<readonly PlanNode[]> {
    recorder.recorded.length = 0
    await database.undone(() => call(`${resource.name}_${method}`, params))
    const plans = await explainAll(database, recorder.recorded)
    return scansOf(plans.flat(), resource.table)
  }

  async function expectServed(resource: Resource, condition: readonly unknown[]): Promise<void> {
    const query = { condition }
    for (const [method, params] of [
      ['query', { query }],
      ['page', { query }],
      ['page', { query, order: 'oldest' }],
      ['page', { query, after: cursor('newest') }],
      ['page', { query, after: cursor('oldest'), order: 'oldest' }],
      ...(resource.recorded === 'keep'
        ? []
        : [['delete', { query: { condition: [...condition, { limit: 100 }] } }] as const]),
    ] as const) {
      const scans = await scansFor(resource, method, params)
      const what = `${resource.name}_${method} ${JSON.stringify(params)}`
      expect(scans.length, what).toBeGreaterThan(0)
      expect(scans.map(kindOf), what).not.toContain('Seq Scan')
      // A walk through the whole index would be no better than one through the table.
      expect(rowsRead(scans), what).toBeLessThan((resource === jsResult ? mostRows : manyRows) / 5)
    }
    if (resource.recorded === 'keep' || unlimitedDeletes.has(JSON.stringify(condition))) return
    const scans = await scansFor(resource, 'delete', { query })
    expect(scans.map(kindOf), `delete ${JSON.stringify(condition)}`).not.toContain('Seq Scan')
  }

  describe.each([...conditions])('$name:', (resource, list) => {
    const { cheap, filtered } = documented.get(resource.name) ?? { cheap: [], filtered: [] }
    const served = list.filter(condition => cheap.includes(nameOf(condition)))

    test.each(served.map(condition => [condition]))('%j', condition => expectServed(resource, [condition]))

    test.each(combinedOf(resource).map(condition => [condition]))('the list %j', condition =>
      expectServed(resource, condition),
    )

    test('of every condition is documented whether an index serves it', () => {
      const { words, keys } = resource.language
      expect([...cheap, ...filtered].sort()).toEqual([...words.keys(), ...keys.keys()].sort())
      expect(new Set(served.map(nameOf))).toEqual(new Set(cheap))
    })
  })

  test('every resource is one of them', () => {
    expect(new Set(conditions.keys())).toEqual(new Set(resources))
  })

  test('what stands at a path of a payload, where one was added for it', async () => {
    await addIndex(database, jsResult, 'param')
    const query = { condition: [{ param_path: { path: ['n'], eq: 77 } }] }
    const scans = await scansFor(jsResult, 'count', { query })
    await removeIndex(database, jsResult, 'param')
    expect(scans.map(kindOf)).toEqual(['Bitmap Heap Scan'])
    expect(rowsRead(scans)).toBeLessThan(mostRows / 100)
  })

  test.each([
    ['25 literals and 25 prefixes of ten names each', 25, 25],
    ['5 literals and 45 prefixes of ten names each', 5, 45],
    ['49 literals and one prefix', 49, 1],
  ])(
    'a query without a name for a token with %s: two rows read for each returned',
    async (_what, literals, prefixes) => {
      const patterns = [
        ...Array.from({ length: literals }, (_, i) => `w${String(5005 + i * 37).padStart(5, '0')}`),
        ...Array.from({ length: prefixes }, (_, i) => `w${String(i * 10).padStart(4, '0')}*`),
      ]
      recorder.recorded.length = 0
      const params = { query: { condition: [] } }
      const rows = await call<unknown[]>('js-result_query', params, workerHolder('read', ...patterns))
      expect(rows).toHaveLength(1000)
      expect(recorder.recorded).toHaveLength(2)

      const plans = await explainAll(database, recorder.recorded)
      const scans = scansOf(plans.flat(), 'js_result')
      expect(rowsRead(scans)).toBeLessThanOrEqual(2 * rows.length)
      for (const node of scans) expect(node['Index Name']).toContain('js_worker_name')
      expect(plans[1]?.map(kindOf)).toContain('Merge Append')
      expect(new Set(scansOf(plans[1] ?? [], 'js_result').map(kindOf))).toEqual(new Set(['Index Scan']))
    },
  )
})

function kindOf(node: PlanNode): string {
  return node['Node Type']
}

/** In the middle of all records. */
function cursor(order: Order): string {
  return encodeCursor({ order, time: someMoment, key: 1 })
}

import { afterEach, beforeAll, expect } from 'vitest'
import { secrets } from './app.ts'
import { rpc, send, type Wire } from './wire.ts'

const records = {
  'js-result': [
    { js_worker_name: 'kept', start_time: 1, result: { ok: true } },
    { js_worker_name: 'kept', start_time: 2, error_message: 'failed' },
    { js_worker_name: 'other', start_time: 3 },
  ],
  'event-log': [
    { full_name: 'kept', sender: 's', created_time: 1, start_time: 1, result: 1 },
    { full_name: 'kept', sender: 's', created_time: 2, status: 'waiting' },
  ],
  'service-event': [
    { project_id: 'p', service_id: 'kept', service_name: 's', event_info: 'x', occur_time: 1 },
  ],
  'execution-event': [
    { execution_id: 'kept', name: 'n', namespace: 's', reason: 'r', message: 'm', last_timestamp: 1 },
  ],
} as const

/**
 * Puts records there before the suite, and fails each of its tests after which a record is gone or new, or the
 * server has read, written or deleted any.
 */
export function expectUntouched(wire: Wire): void {
  let before: unknown
  beforeAll(async () => {
    for (const [resource, rows] of Object.entries(records)) await wire.result(`${resource}_append`, { rows })
    before = await readState(wire)
  })
  afterEach(async () => {
    const expected = before
    before = await readState(wire)
    expect(before).toEqual(expected)
  })
}

/** What there is (records and tokens), and how many records the server has returned, written and deleted so far. */
async function readState({ app, ask }: Wire): Promise<unknown> {
  const { body } = await send(app.url, { path: '/metrics', method: 'GET' })
  const moved = body.split('\n').filter(line => /^daybook_rows_total.* [1-9]\d*$/.test(line))
  const token = secrets.root
  const counts = Object.keys(records).map(resource =>
    rpc(`${resource}_count`, { token, query: { condition: [] } }),
  )
  return { moved, held: await ask([...counts, rpc('token_list_all_tokens', { token })]) }
}

import { expect, test, vi } from 'vitest'
import type { MonitorStatus } from '../../src/monitor/monitor.ts'
import { describeApps, failure, type Wire } from './support/wire.ts'

const limits = [
  {
    scopes: [{ js_worker: 'mine_*' }],
    permissions: [{ js_result: { read: '*' } }, { js_result: { write: '*' } }],
  },
  { scopes: [{ sender: 'ops' }], permissions: [{ event: { send: '*' } }] },
]
const watching = {
  name: 'failing',
  resource: 'js-result',
  query: { condition: ['is_failure'] },
  window_ms: 60_000,
  every_ms: 1000,
  when: { at_least: 2 },
  event: { sender: 'ops', kwargs: { page: 'Ann' } },
}

const statusesOf = async (wire: Wire, token?: string) =>
  (await wire.result<{ monitors: readonly MonitorStatus[] }>('monitor_status', {}, token)).monitors

describeApps('monitors', wire => {
  test('are evaluated by the server, and their handlers are told', async () => {
    const token = await wire.token(limits)
    const handler = { full_name: 'on-call', sender: 'ops', target: { kind: 'remote' } }
    await wire.result('event-handler_create', handler)
    await wire.result('monitor_create', watching, token)
    const failed = { run_type: 'call', error_message: 'boom' }
    const rows = ['mine_1', 'mine_2'].map(js_worker_name => ({ ...failed, js_worker_name }))
    await wire.result('js-result_append', { rows }, token)
    await wire.result('js-result_append', { rows: [{ ...failed, js_worker_name: 'other' }] })
    const query = { condition: [{ sender: 'ops' }] }
    const told = await vi.waitUntil(
      async () => {
        const found = await wire.result<readonly Record<string, unknown>[]>('event-log_query', { query })
        return found.length > 0 && found
      },
      { timeout: 15_000, interval: 50 },
    )
    const what = {
      page: 'Ann',
      monitor: expect.objectContaining({ name: 'failing', state: 'firing', count: 2 }),
    }
    expect(told).toEqual([expect.objectContaining({ full_name: 'on-call', status: 'waiting', param: what })])
    const [status] = await statusesOf(wire, token)
    expect(status).toMatchObject({ state: 'firing', count: 2, last_error: null })
    expect(status?.transitions[0]).toMatchObject({ state: 'firing', request_id: told[0]?.request_id })

    await wire.result('token_delete', { target_token: token.split(':')[0] })
    expect(await wire.call('monitor_status', {}, token)).toEqual(failure(102, 'permission_denied'))
    expect(await statusesOf(wire)).toEqual([])
  })

  test('are not there for other tokens, whatever these may read', async () => {
    const [owner, other] = [await wire.token(limits), await wire.token([...limits, ...limits])]
    await wire.result('monitor_create', { ...watching, enabled: false }, owner)
    const [key] = owner.split(':')
    expect(await statusesOf(wire, other)).toEqual([])
    expect(await wire.result('monitor_list', {}, other)).toEqual({ monitors: [] })
    for (const method of ['read', 'update', 'delete', 'status']) {
      const call = (params: object) => wire.call(`monitor_${method}`, { name: 'failing', ...params }, other)
      expect(await call({})).toEqual(failure(105, 'monitor_not_found', 'name'))
      expect(await call({ owner: key })).toEqual(failure(102, 'permission_denied'))
    }
    // Not even as a name in use.
    expect(await wire.result('monitor_create', { ...watching, enabled: false }, other)).toMatchObject({
      name: 'failing',
    })
  })

  test('count what a view stands for by then, among the views of their maker', async () => {
    const token = await wire.token(limits)
    const viewed = (js_worker_name: string) => ({ query: { condition: [{ js_worker_name }] } })
    const view = { name: 'watched', resource: 'js-result' }
    await wire.result('view_create', { ...view, ...viewed('mine_a') }, token)
    // Of the same name: that of another changes nothing.
    await wire.result('view_create', { ...view, ...viewed('mine_c') })
    const rowsOf = (js_worker_name: string, count: number) =>
      Array.from({ length: count }, () => ({ js_worker_name, run_type: 'call' }))
    const rows = [...rowsOf('mine_a', 3), ...rowsOf('mine_b', 5), ...rowsOf('mine_c', 7)]
    await wire.result('js-result_append', { rows }, token)
    const query = { condition: [{ view: 'watched' }] }
    await wire.result('monitor_create', { ...watching, query, when: { at_least: 100 } }, token)
    const until = (isSo: (status: MonitorStatus) => boolean) =>
      vi.waitUntil(async () => (await statusesOf(wire, token)).some(isSo), { timeout: 15_000, interval: 50 })
    await until(({ count }) => count === 3)
    await wire.result('view_update', { name: 'watched', ...viewed('mine_b') }, token)
    await until(({ count }) => count === 5)
    await wire.result('view_update', { name: 'watched', ...viewed('other') }, token)
    await until(
      ({ state, last_error }) => state === 'unknown' && last_error?.startsWith('permission_denied') === true,
    )
    await wire.result('view_delete', { name: 'watched' }, token)
    await until(({ last_error }) => last_error?.startsWith('view_not_found') === true)
  })
})

import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { MethodCase } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)

function encode(source: string): string {
  return Buffer.from(source).toString('base64')
}

const name = 'case_worker'
const js_script_base64 = encode('export default { onCall: params => params }')

/** Makes what the cases call; once before they are run. */
export async function prepareWorkerCases(wire: Wire): Promise<void> {
  await wire.result('js-worker_create', { name, js_script_base64 })
}

async function newWorker(wire: Wire): Promise<{ readonly name: string }> {
  const { name } = await wire.result<{ name: string }>('js-worker_create', newDefinition())
  return { name }
}

function newDefinition() {
  return { name: `case_${randomUUID()}`, js_script_base64, env: { a: 1, secrets: { key: 'hidden' } } }
}

const summary = {
  id: count,
  name: expect.stringMatching(/^case_/),
  description: null,
  route_name: null,
  runtime_clean_time: null,
  max_run_time: null,
  max_stack_size: null,
  max_heap_size: null,
  open_env: null,
  fetch_hosts: null,
  schedule: null,
  next_fire_time: null,
  create_at: count,
  update_at: count,
}
const bare = { ...summary, js_script_base64, env: null }
const shown = { ...bare, env: { a: 1, secrets: { key: '***' } } }

const badWorkerName: MethodCase['malformed'] = [
  [{ name: undefined }, 'name'],
  [{ name: 1 }, 'name'],
  [{ name: 'case_nobody' }, 'name', 105],
]

const badDefinition: MethodCase['malformed'] = [
  [{ js_script_base64: '***' }, 'js_script_base64'],
  [{ js_script_base64: encode('export default {') }, 'js_script_base64', 108],
  [{ js_script_base64: '/w==' }, 'js_script_base64'],
  [{ description: 1 }, 'description'],
  [{ route_name: 'a/b' }, 'route_name'],
  [{ runtime_clean_time: 1.5 }, 'runtime_clean_time'],
  [{ max_run_time: '30' }, 'max_run_time'],
  [{ max_stack_size: false }, 'max_stack_size'],
  [{ max_heap_size: 2 ** 40 }, 'max_heap_size'],
  [{ fetch_hosts: ['a', 'http://b/'] }, 'fetch_hosts[1]'],
  [{ schedule: { cron: '61 * * * *' } }, 'schedule.cron'],
]

const common = { access: 'limits' } as const

/** The methods of script workers. */
export const workerCases: readonly MethodCase[] = [
  {
    ...common,
    method: 'js-worker_create',
    params: newDefinition,
    result: shown,
    malformed: [
      [{ name: undefined }, 'name'],
      [{ name: 'a*' }, 'name'],
      [{ name }, 'name', 109],
      [{ js_script_base64: undefined }, 'js_script_base64'],
      [{ env: { secrets: { key: '***' } } }, 'env.secrets.key', 108],
      ...badDefinition,
    ],
  },
  {
    ...common,
    method: 'js-worker_read',
    params: () => ({ name }),
    result: bare,
    malformed: badWorkerName,
  },
  {
    ...common,
    method: 'js-worker_list',
    params: () => ({}),
    result: { workers: expect.arrayContaining([summary]) },
    malformed: [[{ token: 1 }, 'token']],
  },
  {
    ...common,
    method: 'js-worker_list_all_js_worker',
    params: () => ({}),
    result: expect.arrayContaining([name]),
    malformed: [[{ token: 1 }, 'token']],
  },
  {
    ...common,
    method: 'js-worker_get_rt_pool',
    params: () => ({}),
    result: { total_workers: count, workers: expect.any(Array) },
    malformed: [[{ token: 1 }, 'token']],
  },
  {
    ...common,
    method: 'js-worker_update',
    params: newWorker,
    result: { ...shown, success: true },
    malformed: [
      ...badWorkerName,
      [{ env: { secrets: { other: '***' } } }, 'env.secrets.other', 108],
      ...badDefinition,
    ],
  },
  {
    ...common,
    method: 'js-worker_delete',
    params: newWorker,
    result: { success: true, rows_affected: 1 },
    malformed: badWorkerName,
  },
  {
    ...common,
    method: 'js-worker_run',
    params: () => ({ js_script_name: name, run_type: 'call', params: { a: 1 } }),
    result: { id: count },
    malformed: [
      [{ js_script_name: undefined }, 'js_script_name'],
      [{ js_script_name: 'case_nobody' }, 'js_script_name', 105],
      [{ run_type: '' }, 'run_type'],
      [{ env: [] }, 'env'],
      [{ wait_ms: 60_001 }, 'wait_ms'],
    ],
  },
]

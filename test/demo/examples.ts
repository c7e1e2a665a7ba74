import type { ConditionOf } from '../../src/client/client.ts'

/** A request of NodeGet’s documentation, "JsResult CRUD". */
export interface Example {
  readonly title: string
  readonly method: 'js-result_query' | 'js-result_delete'
  readonly condition: readonly ConditionOf<'js-result'>[]
}

const demoWorker = { js_worker_name: 'demo_worker' }

/** Every documented example, in order. */
export const examples: readonly Example[] = [
  {
    title: 'The newest 10 results of one worker',
    method: 'js-result_query',
    condition: [demoWorker, { limit: 10 }],
  },
  {
    title: 'Its runs that have not ended',
    method: 'js-result_query',
    condition: [demoWorker, 'is_running'],
  },
  { title: 'Its last record', method: 'js-result_query', condition: [demoWorker, 'last'] },
  {
    title: 'The newest 20 of one run type',
    method: 'js-result_query',
    condition: [demoWorker, { run_type: 'inline_call' }, { limit: 20 }],
  },
  { title: 'Delete its last record', method: 'js-result_delete', condition: [demoWorker, 'last'] },
  {
    title: 'Delete its newest 50 failures',
    method: 'js-result_delete',
    condition: [demoWorker, 'is_failure', { limit: 50 }],
  },
  {
    title: 'Delete its newest 20 of one run type',
    method: 'js-result_delete',
    condition: [demoWorker, { run_type: 'inline_call' }, { limit: 20 }],
  },
]

import { z } from 'zod'
import { workerAction } from '../../js-worker/action.ts'
import { findWorker, listWorkers, workerNotFound } from '../../js-worker/store.ts'
import type { WorkerSummary } from '../../js-worker/worker.ts'
import { type Identity, permits, requireSome } from '../../permission/grant.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import {
  type JsWorkerDeps,
  requireWorker,
  workerInfo,
  workerNameParam,
  workerSchema,
  workerSummary,
  workerSummarySchema,
} from './worker-method.ts'

const listing = workerAction('list_all_js_worker')

/** The methods that only look at workers. */
export function inspectMethods({ database, sandbox }: JsWorkerDeps): readonly Method[] {
  async function listedWorkers(caller: Identity): Promise<readonly WorkerSummary[]> {
    requireSome(caller, listing)
    return (await listWorkers(database)).filter(({ name }) => permits(caller, listing, name))
  }

  const read = defineMethod({
    name: 'js-worker_read',
    summary: 'Shows a script worker, its secrets as "***"',
    params: { token: credentialParam, name: workerNameParam },
    result: workerSchema,
    async handle({ params, caller }) {
      requireWorker(caller, 'read', params.name)
      const worker = await findWorker(database, params.name)
      if (worker === undefined) throw workerNotFound('name')
      return workerInfo(worker)
    },
  })

  const list = defineMethod({
    name: 'js-worker_list',
    summary: 'Lists the script workers that the caller may list, by name',
    params: { token: credentialParam },
    result: z.strictObject({ workers: z.array(workerSummarySchema) }),
    handle: async ({ caller }) => ({ workers: (await listedWorkers(caller)).map(workerSummary) }),
  })

  const listNames = defineMethod({
    name: 'js-worker_list_all_js_worker',
    summary: 'Lists the names of the script workers that the caller may list',
    params: { token: credentialParam },
    result: z.array(z.string()),
    handle: async ({ caller }) => (await listedWorkers(caller)).map(({ name }) => name),
  })

  const pool = defineMethod({
    name: 'js-worker_get_rt_pool',
    summary: 'Shows the warm runtimes of this server',
    params: { token: credentialParam },
    result: z.strictObject({
      total_workers: z.int(),
      workers: z.array(
        z.strictObject({
          script_name: z.string(),
          active_requests: z.int(),
          last_used_ms: z.int().describe('When its last run began or ended, epoch milliseconds'),
          idle_ms: z.int(),
          runtime_clean_time_ms: z.int().nullable().describe('As its worker has it; null: the default'),
        }),
      ),
    }),
    async handle({ caller }) {
      requireSome(caller, listing)
      const states = sandbox.runtimes().filter(each => permits(caller, listing, each.script_name))
      const stored = new Map((await listWorkers(database)).map(each => [each.name, each.runtimeCleanTime]))
      const workers = states.map(state => ({
        ...state,
        runtime_clean_time_ms: stored.get(state.script_name) ?? null,
      }))
      return { total_workers: workers.length, workers }
    },
  })

  return [read, list, listNames, pool]
}

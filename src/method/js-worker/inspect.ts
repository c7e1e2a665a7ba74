import { z } from 'zod'
import { workerAction } from '../../js-worker/action.ts'
import { findWorker, listWorkers, workerNotFound } from '../../js-worker/store.ts'
import { permits, requireSome } from '../../permission/grant.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import {
  type JsWorkerDeps,
  requireWorker,
  workerInfo,
  workerSchema,
  workerSummary,
  workerSummarySchema,
} from './worker-method.ts'

const listing = workerAction('list_all_js_worker')

/** The methods that only look at workers. */
export function inspectMethods({ database, sandbox }: JsWorkerDeps): readonly Method[] {
  const read = defineMethod({
    name: 'js-worker_read',
    summary: 'Shows a script worker, its secrets as "***"',
    params: { token: credentialParam, name: z.string() },
    result: workerSchema,
    async handle({ params, caller }) {
      requireWorker(caller, 'read', params.name)
      const worker = await findWorker(database, params.name)
      if (worker === undefined) throw workerNotFound('name')
      return workerInfo(worker)
    },
  })

  const list = defineMethod({
    name: 'js-worker_list_all_js_worker',
    summary: 'Lists the script workers that the caller may list, by name',
    params: { token: credentialParam },
    result: z.strictObject({ workers: z.array(workerSummarySchema) }),
    async handle({ caller }) {
      requireSome(caller, listing)
      const workers = await listWorkers(database)
      return { workers: workers.filter(({ name }) => permits(caller, listing, name)).map(workerSummary) }
    },
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
          last_used_ms: z.number(),
          runtime_clean_time_ms: z.number(),
        }),
      ),
    }),
    async handle({ caller }) {
      requireSome(caller, listing)
      const workers = sandbox.runtimes().filter(each => permits(caller, listing, each.script_name))
      return { total_workers: workers.length, workers }
    },
  })

  return [read, list, pool]
}

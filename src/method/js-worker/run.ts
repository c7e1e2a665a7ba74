import { z } from 'zod'
import { within } from '../../async/within.ts'
import { hasReason, RpcError } from '../../errors.ts'
import { maxWait } from '../../event/send/event-request.ts'
import type { ScriptEnd } from '../../js-worker/run.ts'
import type { Scripts } from '../../js-worker/scripts.ts'
import { workerAction, workerNameSchema, workerNotFound } from '../../js-worker/worker.ts'
import { JsonText } from '../../json.ts'
import { type Identity, permits, requirePermission } from '../../permission/grant.ts'
import { nameSchema } from '../../permission/name.ts'
import { jsResult } from '../../resource/kind/js-result.ts'
import { rowSchema } from '../../resource/row.ts'
import type { EntryPoint } from '../../sandbox/sandbox.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'

/** Run types that have an entry point of their own; any other runs onCall. */
const entries: ReadonlyMap<string, EntryPoint> = new Map([
  ['cron', 'onCron'],
  ['route', 'onRoute'],
  ['inline_call', 'onInlineCall'],
  ['event', 'onEvent'],
])

const running = workerAction('run_defined_js_worker')

/** `js-worker_run`: with the rights that the caller and the worker's makers share. */
export function runMethod(scripts: Scripts): Method {
  return defineMethod({
    name: 'js-worker_run',
    summary: 'Runs a script worker; answers at once, or with wait_ms the record of the run',
    params: {
      token: credentialParam,
      js_script_name: workerNameSchema,
      run_type: nameSchema
        .default('call')
        .describe('cron, route, inline_call and event run that entry point'),
      params: z.unknown().optional(),
      env: z
        .record(z.string(), z.unknown())
        .nullish()
        .describe(
          'In place of members of env that the worker declares open; others may be as js-worker_read shows them to the caller',
        ),
      wait_ms: z.int().min(0).max(maxWait).optional(),
    },
    toleratedMembers: ['compile_mode'],
    result: z.union([rowSchema(jsResult), z.strictObject({ id: z.int() })]),
    async handle({ params, caller, live }) {
      const { js_script_name: worker, run_type: runType, wait_ms: waitMs, env } = params
      requirePermission(caller, running, worker)
      const entry = entries.get(runType) ?? 'onCall'
      const call = {
        worker,
        entry,
        runType,
        params: params.params,
        caller,
        callerNow: live.now,
        ...(env && { env, seesEnv: permits(caller, workerAction('read'), worker) }),
      }
      const started = await scripts.start(call).catch(error => {
        throw hasReason(error, 'js_worker_not_found') ? workerNotFound('js_script_name') : error
      })
      if (waitMs === undefined) return { id: started.id }
      const check = (now: Identity): void => requirePermission(now, running, worker)
      let ended: ScriptEnd | undefined
      const done = started.done.then(end => {
        ended = end
      })
      await live.during(check, () => within(waitMs, done))
      const row = ended?.row ?? (await scripts.read(started.id))
      if (row === undefined) throw recordGone()
      return new JsonText(row)
    },
  })
}

function recordGone(): RpcError {
  return new RpcError('record_not_found', 'The record of the run has been deleted')
}

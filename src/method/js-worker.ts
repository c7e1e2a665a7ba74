import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import { withTimeZone } from '../definition/schedule.ts'
import { createStore } from '../definition/store.ts'
import { invalidInput, invalidParams } from '../errors.ts'
import { changeWorker } from '../js-worker/change.ts'
import { sealEnv } from '../js-worker/env.ts'
import type { Scripts } from '../js-worker/scripts.ts'
import { jsWorker, listedWorker, maxSourceBytes, workerAction } from '../js-worker/worker.ts'
import { stringifyJson } from '../json.ts'
import { type Identity, originsOf, permits, requireSome } from '../permission/grant.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { nextFire } from '../schedule/cron.ts'
import type { Sealer } from '../seal.ts'
import { definitionMethods } from './definition.ts'
import { runMethod } from './js-worker/run.ts'
import { credentialParam, defineMethod, type Method } from './method.ts'

/** What the methods of script workers work with. */
export interface JsWorkerDeps {
  readonly database: Database
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly scripts: Scripts
  readonly clock: Clock
  /** The zone of schedules that name none. */
  readonly timezone: string
  /** Called after each change that is committed. */
  onChange(): void
}

const maxEnvLength = 256 * 1024

/** All `js-worker_*` methods. */
export function jsWorkerMethods(deps: JsWorkerDeps): readonly Method[] {
  const { sealer, sandbox, clock, timezone } = deps

  /** When it is run without being asked, where that was said. */
  function timed(schedule: Parameters<typeof withTimeZone>[0]) {
    if (schedule === undefined) return {}
    const zoned = withTimeZone(schedule, timezone)
    return { schedule: zoned, next_fire_time: zoned === null ? null : nextFire(zoned, clock()) }
  }

  const { list, ...methods } = jsWorker.methods
  const own = definitionMethods({ ...jsWorker, methods }, deps, {
    async check({ js_script_base64: encoded, env }) {
      if (env !== undefined && stringifyJson(env).length > maxEnvLength) {
        throw invalidInput('env', `must have at most ${maxEnvLength} characters as JSON`, 'env_too_large')
      }
      // A script may take its time to be compiled.
      if (encoded !== undefined) await checkSource(encoded, sandbox)
    },
    create: ({ schedule, env, ...given }, caller) => ({
      ...given,
      ...timed(schedule),
      env: sealEnv(env, sealer),
      owner: originsOf(caller),
    }),
    update: ({ schedule, ...given }, before, caller) =>
      changeWorker(before, { ...given, ...timed(schedule) }, caller, sealer),
  })
  const listing = definitionMethods({ ...listedWorker, methods: list ? { list } : {} }, deps)
  return [...own, ...listing, ...inspectMethods(deps), runMethod(deps.scripts)]
}

/** Throws RpcError -32602 and 108 (`script_too_large`, `script_syntax_error`). */
async function checkSource(encoded: string, sandbox: Sandbox): Promise<void> {
  const path = 'js_script_base64'
  const bytes = Buffer.from(encoded, 'base64')
  // Node skips what is not base64; what it read gives the same text only when all of it was.
  if (bytes.toString('base64') !== encoded) throw invalidParams(path, 'expected base64')
  if (bytes.length > maxSourceBytes) {
    throw invalidInput(path, `must have at most ${maxSourceBytes} bytes`, 'script_too_large')
  }
  if (!isUtf8(bytes) || bytes.includes(0)) throw invalidParams(path, 'expected UTF-8 without NUL')
  const fault = await sandbox.check(bytes.toString())
  if (fault === undefined) return
  const { message, line, column } = fault
  const place = { line, column }
  throw invalidInput(path, `${message} (line ${line}, column ${column})`, 'script_syntax_error', place)
}

const listing = workerAction('list_all_js_worker')

/** The methods of NodeGet that look at workers and their runtimes. */
function inspectMethods({ database, sandbox }: JsWorkerDeps): readonly Method[] {
  const store = createStore(listedWorker)

  async function listedWorkers(caller: Identity) {
    requireSome(caller, listing)
    return (await store.list(database)).filter(({ name }) => permits(caller, listing, name))
  }

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
      const stored = new Map((await listedWorkers(caller)).map(each => [each.name, each.runtime_clean_time]))
      const states = sandbox.runtimes().filter(each => permits(caller, listing, each.script_name))
      const workers = states.map(state => ({
        ...state,
        runtime_clean_time_ms: stored.get(state.script_name) ?? null,
      }))
      return { total_workers: workers.length, workers }
    },
  })

  return [listNames, pool]
}

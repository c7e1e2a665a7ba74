import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { workerAction } from '../../js-worker/action.ts'
import { maskEnv } from '../../js-worker/env.ts'
import type { ScriptRunner } from '../../js-worker/run.ts'
import type { JsWorker, WorkerSummary } from '../../js-worker/worker.ts'
import { type Identity, requirePermission } from '../../permission/grant.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { Sealer } from '../../seal.ts'

/** What the methods of script workers work with. */
export interface JsWorkerDeps {
  readonly database: Database
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly runner: ScriptRunner
  readonly clock: Clock
  /** The zone of schedules that name none. */
  readonly timezone: string
  /** Called after each change that is committed. */
  onChange(): void
}

/** Throws RpcError 102 unless the caller may do this to the worker of this name. */
export function requireWorker(
  caller: Identity,
  verb: Parameters<typeof workerAction>[0],
  name: string,
): void {
  requirePermission(caller, workerAction(verb), name)
}

/** The name of a worker; NodeGet's programs may send blanks around it. */
export const workerNameParam = z.string().trim()

const time = z.int().describe('Epoch milliseconds')

/** What a list shows of a worker. */
export const workerSummarySchema = z.strictObject({
  id: z.int(),
  name: z.string(),
  description: z.string().nullable(),
  route_name: z.string().nullable(),
  runtime_clean_time: z.int().nullable(),
  max_run_time: z.int().nullable(),
  max_stack_size: z.int().nullable(),
  max_heap_size: z.int().nullable(),
  open_env: z.array(z.string()).nullable(),
  fetch_hosts: z.array(z.string()).nullable(),
  schedule: z.strictObject({ cron: z.string(), tz: z.string() }).nullable(),
  next_fire_time: time.nullable(),
  create_at: time,
  update_at: time,
})

export const workerSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    js_script_base64: z.string(),
    route_name: z.string().nullable(),
    env: z.unknown().describe('Secrets are shown as "***"'),
    ...workerSummarySchema.omit({ id: true, name: true, route_name: true }).shape,
  })
  .meta({ title: 'js-worker' })

/** A worker as it is shown: its source, but none of its secrets. */
export function workerInfo(worker: JsWorker): z.infer<typeof workerSchema> {
  const { id, name, route_name, ...rest } = workerSummary(worker)
  return {
    id,
    name,
    js_script_base64: Buffer.from(worker.source).toString('base64'),
    route_name,
    env: maskEnv(worker.env),
    ...rest,
  }
}

export function workerSummary(worker: WorkerSummary): z.infer<typeof workerSummarySchema> {
  return {
    id: worker.id,
    name: worker.name,
    description: worker.description,
    route_name: worker.routeName,
    runtime_clean_time: worker.runtimeCleanTime,
    max_run_time: worker.maxRunTime,
    max_stack_size: worker.maxStackSize,
    max_heap_size: worker.maxHeapSize,
    open_env: worker.openEnv === null ? null : [...worker.openEnv],
    fetch_hosts: worker.fetchHosts === null ? null : [...worker.fetchHosts],
    schedule: worker.schedule,
    next_fire_time: worker.nextFireTime,
    create_at: worker.createdTime,
    update_at: worker.updatedTime,
  }
}

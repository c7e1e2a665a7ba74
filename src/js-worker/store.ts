import type { Selectable, Updateable } from 'kysely'
import type { Runner } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'
import { hasReason, type ReasonOf, RpcError } from '../errors.ts'
import { stringifyJson } from '../json.ts'
import type { Origin } from '../permission/grant.ts'
import type { JsWorker, WorkerDefinition, WorkerSummary } from './worker.ts'

type Row = Selectable<Schema['js_worker']>
type Changes = Updateable<Schema['js_worker']>

const summaryColumns = [
  'id',
  'name',
  'description',
  'route_name',
  'runtime_clean_time',
  'max_run_time',
  'max_stack_size',
  'max_heap_size',
  'open_env',
  'fetch_hosts',
  'schedule_cron',
  'schedule_tz',
  'next_fire_time',
  'created_time',
  'updated_time',
] as const

/** Throws RpcError 109 (`name_in_use`, `route_name_in_use`). `now`: epoch milliseconds. */
export async function insertWorker(
  runner: Runner,
  definition: WorkerDefinition,
  now: number,
): Promise<JsWorker> {
  const { name, source, owner, ...rest } = definition
  const time = new Date(now)
  const row = await runner.kysely
    .insertInto('js_worker')
    .values({
      ...toChanges(rest),
      name,
      source,
      owner: JSON.stringify(owner),
      created_time: time,
      updated_time: time,
    })
    .onConflict(conflict => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw await conflictOf(runner, name)
  return toWorker(row)
}

/** `lock`: nobody else changes it before the transaction ends. */
export async function findWorker(
  { kysely }: Runner,
  name: string,
  { lock = false }: { readonly lock?: boolean } = {},
): Promise<JsWorker | undefined> {
  const query = kysely.selectFrom('js_worker').selectAll().where('name', '=', name)
  const row = await (lock ? query.forUpdate() : query).executeTakeFirst()
  return row && toWorker(row)
}

/** The worker of a published route. */
export async function findRouteWorker({ kysely }: Runner, routeName: string): Promise<string | undefined> {
  const query = kysely.selectFrom('js_worker').select('name').where('route_name', '=', routeName)
  return (await query.executeTakeFirst())?.name
}

/**
 * Changes the members that are given; undefined when there is no such worker any more. Throws RpcError 109
 * (`route_name_in_use`).
 */
export async function updateWorker(
  { kysely }: Runner,
  id: number,
  changes: Partial<Omit<WorkerDefinition, 'name'>>,
  now: number,
): Promise<JsWorker | undefined> {
  try {
    const row = await kysely
      .updateTable('js_worker')
      .set({ ...toChanges(changes), updated_time: new Date(now) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    return row && toWorker(row)
  } catch (error) {
    // The name itself never changes: of the unique columns only the route's can be taken.
    throw hasReason(error, 'unique_violation') ? routeNameInUse() : error
  }
}

/** False when there is no such worker. */
export async function removeWorker({ kysely }: Runner, name: string): Promise<boolean> {
  const row = await kysely.deleteFrom('js_worker').where('name', '=', name).returning('id').executeTakeFirst()
  return row !== undefined
}

/** All workers by name. */
export async function listWorkers({ kysely }: Runner): Promise<readonly WorkerSummary[]> {
  const rows = await kysely.selectFrom('js_worker').select(summaryColumns).orderBy('name').execute()
  return rows.map(toSummary)
}

function toChanges(given: Partial<WorkerDefinition>): Changes {
  const { source, routeName, env, fetchHosts, schedule, nextFireTime, owner } = given
  return {
    ...(source !== undefined && { source }),
    ...(given.description !== undefined && { description: given.description }),
    ...(routeName !== undefined && { route_name: routeName }),
    ...(env !== undefined && { env: jsonOrNull(env) }),
    ...(given.runtimeCleanTime !== undefined && { runtime_clean_time: given.runtimeCleanTime }),
    ...(given.maxRunTime !== undefined && { max_run_time: given.maxRunTime }),
    ...(given.maxStackSize !== undefined && { max_stack_size: given.maxStackSize }),
    ...(given.maxHeapSize !== undefined && { max_heap_size: given.maxHeapSize }),
    ...(given.openEnv !== undefined && { open_env: jsonOrNull(given.openEnv) }),
    ...(fetchHosts !== undefined && { fetch_hosts: jsonOrNull(fetchHosts) }),
    ...(schedule !== undefined && {
      schedule_cron: schedule?.cron ?? null,
      schedule_tz: schedule?.tz ?? null,
    }),
    ...(nextFireTime !== undefined && {
      next_fire_time: nextFireTime === null ? null : new Date(nextFireTime),
    }),
    ...(owner !== undefined && { owner: JSON.stringify(owner) }),
  }
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : stringifyJson(value)
}

/** A worker of a selected row. */
export function toWorker(row: Row): JsWorker {
  return {
    ...toSummary(row),
    source: row.source,
    env: row.env,
    owner: row.owner as readonly Origin[],
  }
}

function toSummary(row: Pick<Row, (typeof summaryColumns)[number]>): WorkerSummary {
  const { schedule_cron: cron, schedule_tz: tz } = row
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    routeName: row.route_name,
    runtimeCleanTime: row.runtime_clean_time,
    maxRunTime: row.max_run_time,
    maxStackSize: row.max_stack_size,
    maxHeapSize: row.max_heap_size,
    openEnv: row.open_env as readonly string[] | null,
    fetchHosts: row.fetch_hosts as readonly string[] | null,
    schedule: cron === null || tz === null ? null : { cron, tz },
    nextFireTime: row.next_fire_time?.getTime() ?? null,
    createdTime: row.created_time.getTime(),
    updatedTime: row.updated_time.getTime(),
  }
}

async function conflictOf(runner: Runner, name: string): Promise<RpcError> {
  const isName = (await findWorker(runner, name)) !== undefined
  return isName ? inUse('name_in_use', 'name', 'js_worker already exists') : routeNameInUse()
}

function routeNameInUse(): RpcError {
  return inUse('route_name_in_use', 'route_name', 'The route name is in use')
}

function inUse(reason: ReasonOf<'conflict'>, path: string, message: string): RpcError {
  return new RpcError(reason, message, { path })
}

/** 105; `path`: the parameter that named it. NodeGet's programs look for these words in the message. */
export function workerNotFound(path?: string): RpcError {
  return new RpcError('js_worker_not_found', 'js_worker not found', { ...(path !== undefined && { path }) })
}

import { isDeepStrictEqual } from 'node:util'
import type { Runner } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import type { Origin } from '../../permission/grant.ts'
import { nextFire } from '../../schedule/cron.ts'
import type { Sealer } from '../../seal.ts'
import {
  definitionColumns,
  type HandlerDefinition,
  type StoredHandler,
  sealedSecrets,
  toHandler,
} from './handler-row.ts'

export type { Sealer } from '../../seal.ts'
export type { HandlerDefinition, StoredHandler } from './handler-row.ts'

/** A definition, who defines it, and when (epoch milliseconds). */
export interface Defining {
  readonly definition: HandlerDefinition
  readonly owner: readonly Origin[]
  readonly now: number
}

/** Stores a new handler. Throws RpcError 109 (reason `name_in_use`) when there is one of its name. */
export async function insertHandler(
  runner: Runner,
  sealer: Sealer,
  defining: Defining,
): Promise<StoredHandler> {
  const inserted = await tryInsertHandler(runner, sealer, defining)
  if (inserted !== undefined) return inserted
  throw new RpcError('name_in_use', 'There is a handler of this name', { path: 'full_name' })
}

/** The same; undefined, and nothing is inserted, when there is a handler of this name. */
export async function tryInsertHandler(
  { kysely }: Runner,
  sealer: Sealer,
  { definition, owner, now }: Defining,
): Promise<StoredHandler | undefined> {
  const row = await kysely
    .insertInto('event_handler')
    .values({
      ...definitionColumns(definition),
      secrets: sealedSecrets(definition.target, sealer),
      next_fire_time: fireTimeOf(definition, now),
      owner: JSON.stringify(owner),
      created_time: new Date(now),
      updated_time: new Date(now),
    })
    .onConflict(conflict => conflict.column('full_name').doNothing())
    .returningAll()
    .executeTakeFirst()
  return row && toHandler(row, sealer)
}

export async function findHandler(
  { kysely }: Runner,
  sealer: Sealer,
  fullName: string,
): Promise<StoredHandler | undefined> {
  const query = kysely.selectFrom('event_handler').selectAll().where('full_name', '=', fullName)
  const row = await query.executeTakeFirst()
  return row && toHandler(row, sealer)
}

/** The same in a transaction; until it ends nobody else changes the handler. */
export async function lockHandler(
  { kysely }: Runner,
  sealer: Sealer,
  fullName: string,
): Promise<StoredHandler | undefined> {
  const query = kysely.selectFrom('event_handler').selectAll().where('full_name', '=', fullName)
  const row = await query.forUpdate().executeTakeFirst()
  return row && toHandler(row, sealer)
}

/** Every handler, in order of its name. */
export async function listHandlers({ kysely }: Runner, sealer: Sealer): Promise<readonly StoredHandler[]> {
  const rows = await kysely.selectFrom('event_handler').selectAll().orderBy('full_name').execute()
  return rows.map(row => toHandler(row, sealer))
}

/** Defines a handler that the same transaction has locked anew. */
export async function updateHandler(
  { kysely }: Runner,
  sealer: Sealer,
  before: StoredHandler,
  { definition, owner, now }: Defining,
): Promise<StoredHandler> {
  const row = await kysely
    .updateTable('event_handler')
    .set({
      ...definitionColumns(definition),
      // Kept as they are sealed: where they could not be opened, an empty list must not take their place.
      ...(!keepsSecrets(before, definition) && { secrets: sealedSecrets(definition.target, sealer) }),
      // A firing that is due already must not be lost to a change of something else.
      ...(!keepsSchedule(before, definition) && { next_fire_time: fireTimeOf(definition, now) }),
      owner: JSON.stringify(owner),
      updated_time: new Date(now),
    })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toHandler(row, sealer)
}

function keepsSecrets({ target: before }: StoredHandler, { target: after }: HandlerDefinition): boolean {
  return before.kind === 'webhook' && after.kind === 'webhook' && before.secrets === after.secrets
}

function keepsSchedule(before: StoredHandler, after: HandlerDefinition): boolean {
  return before.enabled === after.enabled && isDeepStrictEqual(before.schedule, after.schedule)
}

/** False when there is no such handler any more. */
export async function removeHandler({ kysely }: Runner, id: number): Promise<boolean> {
  const row = await kysely.deleteFrom('event_handler').where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** Takes no more events, nor does its schedule fire. False when it is disabled already, or gone. */
export async function disableHandler({ kysely }: Runner, id: number, now: number): Promise<boolean> {
  const row = await kysely
    .updateTable('event_handler')
    .set({ enabled: false, next_fire_time: null, updated_time: new Date(now) })
    .where('id', '=', id)
    .where('enabled', '=', true)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

function fireTimeOf({ schedule, enabled }: HandlerDefinition, now: number): Date | null {
  return schedule === null || !enabled ? null : new Date(nextFire(schedule, now))
}

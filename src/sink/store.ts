import { sql } from 'kysely'
import type { Runner } from '../database/database.ts'
import { RpcError } from '../errors.ts'
import type { Sealer } from '../seal.ts'
import { type SinkDefinition, type StoredSink, sinkChannel } from './sink.ts'
import { definitionColumns, sinkColumns, toSink } from './sink-row.ts'

/** A definition, where it begins, and when it was made (epoch milliseconds). */
export interface NewSink {
  readonly definition: SinkDefinition
  readonly cursor: number
  readonly now: number
}

/** Stores a new sink; resolves to its id. Throws RpcError 109 (`name_in_use`, `file_in_use`). */
export async function insertSink(runner: Runner, sealer: Sealer, { definition, cursor, now }: NewSink) {
  const row = await runner.kysely
    .insertInto('sink')
    .values({
      ...definitionColumns(definition, sealer),
      state: 'running',
      cursor,
      created_time: new Date(now),
      updated_time: new Date(now),
    })
    // Of the name or of the file.
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row !== undefined) {
    await announce(runner)
    return row.id
  }
  const isNamed = (await findSink(runner, sealer, definition.name)) !== undefined
  throw isNamed ? inUse('name', 'name_in_use') : inUse('target.file.name', 'file_in_use')
}

export async function findSink({ kysely }: Runner, sealer: Sealer, name: string) {
  const query = kysely.selectFrom('sink').select(sinkColumns).where('name', '=', name)
  const row = await query.executeTakeFirst()
  return row && toSink(row, sealer)
}

/** The same in a transaction; until it ends nobody else changes the sink. */
export async function lockSink({ kysely }: Runner, sealer: Sealer, name: string) {
  const query = kysely.selectFrom('sink').select(sinkColumns).where('name', '=', name).forUpdate()
  const row = await query.executeTakeFirst()
  return row && toSink(row, sealer)
}

/** Every sink, in order of its name. */
export async function listSinks({ kysely }: Runner, sealer: Sealer): Promise<readonly StoredSink[]> {
  const rows = await kysely.selectFrom('sink').select(sinkColumns).orderBy('name').execute()
  return rows.map(row => toSink(row, sealer))
}

/** Defines a sink that the same transaction has locked anew. Throws RpcError 109 (`file_in_use`). */
export async function updateSink(
  runner: Runner,
  sealer: Sealer,
  { before, definition, now }: { before: StoredSink; definition: SinkDefinition; now: number },
): Promise<void> {
  const { target } = definition
  if (target.kind === 'file') await requireFreeFile(runner, before.id, target.name)
  const columns = definitionColumns(definition, sealer)
  const { secrets, ...open } = columns
  await runner.kysely
    .updateTable('sink')
    .set({
      ...open,
      // Where they could not be opened, nothing must take their place unless the target is given anew.
      ...(target !== before.target && { secrets }),
      // Whoever works on it goes by the old definition: it is taken up again with the new one.
      owner: null,
      updated_time: new Date(now),
    })
    .where('id', '=', before.id)
    .execute()
  await announce(runner)
}

async function requireFreeFile({ kysely }: Runner, id: number, name: string): Promise<void> {
  const others = kysely
    .selectFrom('sink')
    .select('id')
    .where('target_kind', '=', 'file')
    .where(sql<boolean>`lower(target ->> 'name') = ${name.toLowerCase()}`)
    .where('id', '<>', id)
  if ((await others.executeTakeFirst()) !== undefined) throw inUse('target.file.name', 'file_in_use')
}

/** False when there is no such sink. */
export async function removeSink(runner: Runner, name: string): Promise<boolean> {
  const query = runner.kysely.deleteFrom('sink').where('name', '=', name).returning('id')
  return changed(runner, await query.executeTakeFirst())
}

/** Stops a sink that runs; what is under way may still be confirmed. False when there is no such sink. */
export async function pauseSink(runner: Runner, name: string, now: number): Promise<boolean> {
  const query = runner.kysely
    .updateTable('sink')
    .set({
      state: sql`case when state = 'running' then 'paused' else state end`,
      next_attempt_time: null,
      updated_time: new Date(now),
    })
    .where('name', '=', name)
    .returning('id')
  return changed(runner, await query.executeTakeFirst())
}

/**
 * Lets a sink go on where it stopped, at once, or behind `skipTo` where that is further on; its failures are forgotten.
 * False when there is no such sink.
 */
export async function resumeSink(
  runner: Runner,
  name: string,
  { now, skipTo = 0 }: { readonly now: number; readonly skipTo?: number },
): Promise<boolean> {
  const query = runner.kysely
    .updateTable('sink')
    .set({
      state: 'running',
      fail_reason: null,
      cursor: sql`greatest(cursor, ${skipTo}::bigint)`,
      failures: 0,
      last_error: null,
      next_attempt_time: null,
      // Whoever waits for the next attempt would go on waiting; who ends a batch after a pause may confirm it.
      owner: sql`case when (state = 'running' and failures > 0) or cursor < ${skipTo}::bigint then null else owner end`,
      updated_time: new Date(now),
    })
    .where('name', '=', name)
    .returning('id')
  return changed(runner, await query.executeTakeFirst())
}

async function changed(runner: Runner, row: { readonly id: number } | undefined): Promise<boolean> {
  if (row === undefined) return false
  await announce(runner)
  return true
}

async function announce({ kysely }: Runner): Promise<void> {
  await sql`select pg_notify(${sinkChannel}, '')`.execute(kysely)
}

function inUse(path: string, reason: 'name_in_use' | 'file_in_use'): RpcError {
  const what = reason === 'name_in_use' ? 'name' : 'file'
  return new RpcError(reason, `There is a sink of this ${what}`, { path })
}

import { sql } from 'kysely'
import { channels } from '../database/channels.ts'
import type { Runner } from '../database/database.ts'

/** Pauses a running sink; the batch under way may still be confirmed. False when there is no such sink. */
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
  return announced(runner, await query.executeTakeFirst())
}

/**
 * Resumes a sink where it stopped, or behind `skipTo` if that is further on; its failures are forgotten.
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
      // A server that waits for its next attempt is sent away; one that ends a batch after a pause may
      // confirm it.
      owner: sql`case when (state = 'running' and failures > 0) or cursor < ${skipTo}::bigint then null else owner end`,
      updated_time: new Date(now),
    })
    .where('name', '=', name)
    .returning('id')
  return announced(runner, await query.executeTakeFirst())
}

async function announced({ kysely }: Runner, row: object | undefined): Promise<boolean> {
  if (row === undefined) return false
  await sql`select pg_notify(${channels.sink}, '')`.execute(kysely)
  return true
}

import { channels, notifySql } from '../../database/channels.ts'
import type { Runner } from '../../database/database.ts'
import { readDefinitionVersion } from '../../database/definition-version.ts'
import { nextId } from '../../database/next-id.ts'
import { rawStatement } from '../../database/statement.ts'
import { stringifyJson } from '../../json.ts'
import { type Handlers, outdated } from '../handler/handler-directory.ts'
import type { NewRun } from './event.ts'

// A row that waits is the job: nothing else is written. With handlers that have changed meanwhile nothing is.
const insert = rawStatement(
  `with given as materialized (
     select ${nextId('event_log')} as id, r.*
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::int[], $10::text[], $11::float8[], $12::text[]) with ordinality
       as r(full_name, event_type, sender, run_type, request_id, node_id, parent_node_id, param, depth, caller,
         defer_time, chain_owner, place)
     where exists (select from definition_version where version = $14)
     order by place
   ), written as (
     insert into event_log (id, full_name, event_type, sender, run_type, status, request_id, node_id, parent_node_id,
       attempt, created_time, param, depth, caller, defer_time, due_time, chain_owner)
     overriding system value
     select id, full_name, event_type, sender, run_type, 'waiting', request_id, node_id, parent_node_id, 1,
       to_timestamp($13::float8 / 1000), param::jsonb, depth, caller::jsonb, to_timestamp(defer_time / 1000),
       coalesce(to_timestamp(defer_time / 1000), now()), chain_owner
     from given
   )
   select id, case when place = 1 and $15::boolean then ${notifySql(channels.work)} end from given order by place`,
)

/**
 * Writes runs that wait; all or none. Resolves to the rows' ids, in order. `handlers`: those that they were planned with;
 * throws `outdated` when they have changed.
 */
export async function insertRuns(
  runner: Pick<Runner, 'run'>,
  { version }: Pick<Handlers, 'version'>,
  runs: readonly NewRun[],
  now: number,
): Promise<readonly number[]> {
  if (runs.length === 0) {
    if ((await readDefinitionVersion(runner)) !== version) throw outdated
    return []
  }
  const column = <T>(value: (run: NewRun) => T): readonly T[] => runs.map(value)
  const texts = rememberTexts()
  const { rows } = await runner.run(insert, [
    column(each => each.handler.full_name),
    column(each => each.event.eventType),
    column(each => each.event.sender),
    column(each => each.event.runType),
    column(each => each.event.requestId),
    column(each => each.nodeId),
    column(each => each.event.parentNodeId),
    column(each => texts(each.event.kwargs)),
    column(each => each.event.depth),
    column(each => texts(each.event.caller)),
    column(({ event: { delayMs } }) => (delayMs > 0 ? now + delayMs : null)),
    column(each => each.event.chainOwner),
    now,
    version,
    runs.some(each => each.event.delayMs === 0),
  ])
  if (rows.length < runs.length) throw outdated
  return rows.map(([id]) => Number(id))
}

/** The handlers of one event share its arguments: they are written out once. */
function rememberTexts(): (value: unknown) => string | null {
  const texts = new Map<unknown, string | null>()
  return value => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = value === undefined || value === null ? null : stringifyJson(value)
    texts.set(value, text)
    return text
  }
}

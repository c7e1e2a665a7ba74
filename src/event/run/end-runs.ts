import { channels, notifySql } from '../../database/channels.ts'
import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { storableText, stringifyJson } from '../../json.ts'
import { handlerGone } from './forsake.ts'
import { type Attempt, nextAttempt, type RunOutcome } from './run.ts'

export interface EndedRun {
  readonly run: Attempt
  readonly outcome: RunOutcome
}

/** What became of the row of an ended run; `lost`: it was no longer this attempt's, and nothing was changed. */
export type Ending = 'success' | 'fail' | 'waiting' | 'lost'

interface Place {
  readonly run: Attempt
  readonly status: 'success' | 'fail' | 'waiting'
  readonly result: string | null
  readonly message: string | null
  readonly failures: 0 | 1
  /** Epoch ms, of one that goes back to waiting; null: at once. */
  readonly dueTime: number | null
}

// What was asked to stop, or has no handler any more, is not tried again.
const again = 'r.is_back and r.is_known and not e.cancel_requested'

// The attempt is the fence: a server that lost the row to another attempt, a cancel or a client that ended it changes
// nothing. `offset`: whether there is a handler is asked once a row, not wherever it is named. `case`: the planner would take
// what runs for a row or two, begin with that, and compare all of it with all that has ended.
const end = rawStatement(
  `update event_log e set
     status = case when ${again} then 'waiting' when r.is_back then 'fail' else r.status end,
     attempt = e.attempt + case when ${again} then 1 else 0 end,
     failures = e.failures + r.failures,
     due_time = case when ${again} then coalesce(to_timestamp(r.due_time / 1000), now()) else e.due_time end,
     defer_time = case when ${again} then coalesce(to_timestamp(r.due_time / 1000), e.defer_time) else e.defer_time end,
     failed_ms = case when ${again} and r.failures = 1
       then greatest(0, $1::float8 - date_part('epoch', e.start_time) * 1000)::bigint else e.failed_ms end,
     start_time = case when ${again} then null else e.start_time end,
     finish_time = case when ${again} then null else to_timestamp($1::float8 / 1000) end,
     result = r.result::jsonb,
     error_message = case when ${again} or not r.is_back then r.message when r.is_known then 'cancelled: while it was running'
       else '${handlerGone}' end,
     owner = case when r.is_back then null else e.owner end,
     lease_until = null
   from (
     select r.*, r.status = 'waiting' as is_back,
       r.status = 'waiting' and exists (select from event_handler h where h.full_name = r.full_name) as is_known
     from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::float8[])
       as r(id, attempt, full_name, status, result, message, failures, due_time)
     offset 0) r
   where e.id = r.id and e.attempt = r.attempt and case when e.status = 'running' then true end
   returning e.id, e.status, case when e.status = 'waiting' and e.due_time <= now() then ${notifySql(channels.work)} end`,
)

/** Ends attempts, all in one statement. Resolves to what became of each, in order. */
export async function endRuns(
  { run }: Pick<Runner, 'run'>,
  ended: readonly EndedRun[],
  now: number,
): Promise<readonly Ending[]> {
  if (ended.length === 0) return []
  const places = ended.map(each => placeOf(each, now))
  const { rows } = await run(end, [
    now,
    places.map(place => place.run.id),
    places.map(place => place.run.attempt),
    places.map(place => place.run.handler?.full_name),
    places.map(place => place.status),
    places.map(place => place.result),
    places.map(place => place.message),
    places.map(place => place.failures),
    places.map(place => place.dueTime),
  ])
  const endings = new Map(rows.map(([id, status]) => [Number(id), String(status) as Ending]))
  return places.map(place => endings.get(place.run.id) ?? 'lost')
}

function placeOf({ run, outcome }: EndedRun, now: number): Place {
  const same = { run, result: null, message: null, failures: 0, dueTime: null } as const
  if (outcome.kind === 'success') {
    const text = stringifyJson(outcome.result)
    return { ...same, status: 'success', result: text === 'null' ? null : text }
  }
  if (outcome.kind === 'handed_back') return { ...same, status: 'waiting' }
  const message = storableText(outcome.message.slice(0, maxMessage))
  const at = nextAttempt(run, outcome, now)
  if (at === undefined) return { ...same, status: 'fail', message, failures: 1 }
  return { ...same, status: 'waiting', message, failures: 1, dueTime: at > now ? at : null }
}

const maxMessage = 16_384

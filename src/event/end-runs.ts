import { v7 as uuid } from 'uuid'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { storableText, stringifyJson } from '../json.ts'
import type { HandlerDirectory, Handlers } from './handler-directory.ts'
import { addJobs } from './insert-runs.ts'
import type { Queue } from './queue.ts'
import { type Attempt, nextAttempt, type Outcome } from './run.ts'
import { forsakeRuns } from './take-runs.ts'

export interface EndedRun {
  readonly run: Attempt
  readonly outcome: Outcome
}

/** What became of the row of an ended run; `lost`: it was no longer this attempt's, and nothing was changed. */
export type Ending = 'success' | 'fail' | 'waiting' | 'lost'

interface Place {
  readonly run: Attempt
  readonly status: 'success' | 'fail' | 'waiting'
  readonly result: string | null
  readonly message: string | null
  /** Epoch ms, of one that goes back to waiting. */
  readonly startAfter: number | undefined
  readonly isFailure: boolean
  readonly jobId: string
}

// The attempt is the fence: whoever lost the row to another attempt, to a cancel or to a client that ended it changes
// nothing. One that was asked to stop is not tried again.
const end = rawStatement(
  `update event_log e set
     status = case when r.status = 'waiting' and e.cancel_requested then 'fail' else r.status end,
     attempt = e.attempt + case when r.status = 'waiting' and not e.cancel_requested then 1 else 0 end,
     failures = e.failures + r.failure,
     defer_time = case when r.status = 'waiting' and not e.cancel_requested
       then coalesce(to_timestamp(r.start_after / 1000), e.defer_time) else e.defer_time end,
     failed_ms = case when r.status = 'waiting' and not e.cancel_requested and r.failure = 1
       then greatest(0, $9::float8 - date_part('epoch', e.start_time) * 1000)::bigint else e.failed_ms end,
     start_time = case when r.status = 'waiting' and not e.cancel_requested then null else e.start_time end,
     finish_time = case when r.status = 'waiting' and not e.cancel_requested then null
       else to_timestamp($9::float8 / 1000) end,
     result = r.result::jsonb,
     error_message = case when r.status = 'waiting' and e.cancel_requested then 'cancelled: while it was running'
       else r.message end,
     job_id = r.next_job::uuid,
     owner = case when r.status = 'waiting' then null else e.owner end,
     lease_until = null
   from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[],
     $10::float8[]) as r(id, attempt, job, status, result, message, failure, next_job, start_after)
   where e.id = r.id and e.attempt = r.attempt and e.job_id = r.job::uuid and e.status = 'running'
   returning e.id, e.status`,
)

export interface EndDeps {
  readonly queue: Queue
  readonly directory: HandlerDirectory
}

/** Ends attempts: the rows and the jobs in one transaction. Resolves to what became of each, in order. */
export async function endRuns(
  runner: Runner,
  { queue, directory }: EndDeps,
  ended: readonly EndedRun[],
  now: number,
): Promise<readonly Ending[]> {
  const places = ended.map(each => placeOf(each, now))
  const ending = runner.run(end, [
    places.map(place => place.run.id),
    places.map(place => place.run.attempt),
    places.map(place => place.run.jobId),
    places.map(place => place.status),
    places.map(place => place.result),
    places.map(place => place.message),
    places.map(place => (place.isFailure ? 1 : 0)),
    places.map(place => place.jobId),
    now,
    places.map(place => place.startAfter ?? null),
  ])
  const groups = [...Map.groupBy(places, place => place.run.queue)]
  const removing = groups.map(([name, group]) =>
    queue.remove(
      runner,
      name,
      group.map(place => place.run.jobId),
    ),
  )
  const [{ rows }] = await Promise.all([ending, ...removing])
  const statuses = new Map(rows.map(([id, status]) => [Number(id), String(status) as Ending]))
  const again = places.filter(place => statuses.get(place.run.id) === 'waiting')
  if (again.length > 0) {
    const gone = await putAgain(runner, queue, await directory.current(runner), again)
    await forsakeRuns(runner, gone, now)
    for (const id of gone) statuses.set(id, 'fail')
  }
  return places.map(place => statuses.get(place.run.id) ?? 'lost')
}

/** Puts jobs where the handlers are run by now. Resolves to the rows whose handler was deleted while they ran. */
async function putAgain(
  runner: Runner,
  queue: Queue,
  handlers: Handlers,
  places: readonly Place[],
): Promise<readonly number[]> {
  const jobs = places.flatMap(({ run, jobId, startAfter }) => {
    const handler = handlers.byName(run.handler.fullName)
    return handler === undefined ? [] : [{ handler, id: jobId, row: run.id, startAfter }]
  })
  await addJobs(runner, queue, jobs)
  const kept = new Set(jobs.map(job => job.row))
  return places.map(place => place.run.id).filter(id => !kept.has(id))
}

function placeOf({ run, outcome }: EndedRun, now: number): Place {
  const same = { run, result: null, startAfter: undefined, isFailure: false, jobId: run.jobId }
  if (outcome.kind === 'success') {
    const text = stringifyJson(outcome.result)
    return { ...same, status: 'success', result: text === 'null' ? null : text, message: null }
  }
  if (outcome.kind === 'handed_back') return { ...same, status: 'waiting', message: null, jobId: uuid() }
  const message = storableText(outcome.message.slice(0, maxMessage))
  const at = nextAttempt(run, outcome, now)
  if (at === undefined) return { ...same, status: 'fail', message, isFailure: true }
  const startAfter = at > now ? at : undefined
  return { ...same, status: 'waiting', message, isFailure: true, jobId: uuid(), startAfter }
}

const maxMessage = 16_384

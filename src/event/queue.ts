import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

/** A piece of work that waits: it names a row of event_log. */
export interface NewJob {
  /** A UUID, kept in the row's `job_id`. */
  readonly id: string
  /** The id of the row. */
  readonly row: number
  /** The handler: what `limits` counts by. */
  readonly fullName: string
  /** Not to be taken before (epoch ms); absent: at once. */
  readonly startAfter?: number | undefined
}

export interface TakenJob {
  readonly id: string
  readonly row: number
}

export interface Taking {
  readonly max: number
  /** How many jobs of a handler may be under way at once; handlers that are not named have no limit. */
  readonly limits?: ReadonlyMap<string, number>
  /** Handlers whose jobs are left alone. */
  readonly except?: readonly string[]
}

/** Jobs of event_job. Everything happens inside the transaction that `runner` stands for. */
export interface Queue {
  /** One that lies in another queue is moved. */
  add(runner: Runner, queue: string, jobs: readonly NewJob[]): Promise<void>
  /** Takes jobs that are due, those first that were due first; they stay, under way, until `remove`. */
  take(runner: Runner, queue: string, taking: Taking): Promise<readonly TakenJob[]>
  remove(runner: Runner, queue: string, ids: readonly string[]): Promise<void>
  /** Lets jobs that were taken be taken again. */
  putBack(runner: Runner, queue: string, ids: readonly string[]): Promise<void>
}

/** Where is told, when a transaction commits, that it added jobs which may begin. */
export const workChannel = 'daybook_work'

/** The queue of the handlers that servers run themselves. */
export const serverQueue = 'event'

/** The queue of one handler whose work remote workers claim. */
export function remoteQueue(handlerId: number | ''): string {
  return `remote.${handlerId}`
}

const add = rawStatement(
  `with added as (
     insert into event_job (id, queue, event_log_id, full_name, start_after)
     select id::uuid, $1, event_log_id, full_name, coalesce(to_timestamp(start_after / 1000), now())
     from unnest($2::text[], $3::bigint[], $4::text[], $5::float8[]) as j(id, event_log_id, full_name, start_after)
     on conflict (id) do update set queue = excluded.queue, full_name = excluded.full_name,
       start_after = excluded.start_after, is_taken = false
     returning start_after)
   select pg_notify('${workChannel}', '') from added where start_after <= now() limit 1`,
)

// What others have locked is passed over. How many more a handler may have is counted once, not for each of its jobs. The
// names are compared in a way that the planner has no opinion of: it would take a few names for most of the jobs, and sort.
const take = rawStatement(
  `with room as materialized (
     select l.full_name, l.most - (select count(*) from event_job t
       where t.queue = $1 and t.is_taken and t.full_name = l.full_name) as places
     from unnest($4::text[], $5::bigint[]) as l(full_name, most)
     union all select full_name, 0 from unnest($3::text[]) as l(full_name)
   ), due as materialized (
     select id, full_name, start_after from event_job j
     where queue = $1 and not is_taken and start_after <= now()
       and coalesce((select min(places) from room where room.full_name = j.full_name), 1) > 0
     order by start_after, id limit $2 for update skip locked
   ), placed as (
     select id, full_name, row_number() over (partition by full_name order by start_after, id) as place from due
   )
   update event_job set is_taken = true
   where id = any(array(select id from placed left join room using (full_name) where places is null or place <= places))
   returning id::text, event_log_id`,
)

const remove = rawStatement('delete from event_job where queue = $1 and id = any($2::text[]::uuid[])')
const putBack = rawStatement(
  'update event_job set is_taken = false where queue = $1 and id = any($2::text[]::uuid[])',
)

export const eventQueue: Queue = {
  async add(runner, queue, jobs) {
    if (jobs.length === 0) return
    await runner.run(add, [
      queue,
      jobs.map(job => job.id),
      jobs.map(job => job.row),
      jobs.map(job => job.fullName),
      jobs.map(job => job.startAfter ?? null),
    ])
  },
  async take(runner, queue, { max, limits = new Map(), except = [] }) {
    const { rows } = await runner.run(take, [queue, max, except, [...limits.keys()], [...limits.values()]])
    return rows.map(([id, row]) => ({ id: String(id), row: Number(row) }))
  },
  async remove(runner, queue, ids) {
    if (ids.length > 0) await runner.run(remove, [queue, ids])
  },
  async putBack(runner, queue, ids) {
    if (ids.length > 0) await runner.run(putBack, [queue, ids])
  },
}

import { sql } from 'kysely'
import { vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'

/** A row of event_log as these tests look at it. */
export interface EventRow {
  readonly id: number
  readonly full_name: string
  readonly status: string
  readonly attempt: number
  readonly failures: number
  readonly owner: string | null
  readonly result: unknown
  readonly error_message: string | null
}

/** Forgets every event, handler and server. */
export async function emptyEvents({ kysely }: Database): Promise<void> {
  await sql
    .raw(
      `delete from event_log; delete from event_handler; delete from server_lease;
       delete from event_idempotency`,
    )
    .execute(kysely)
}

/** The rows that handlers run, oldest first. */
export async function eventRows({ kysely }: Database): Promise<readonly EventRow[]> {
  return kysely
    .selectFrom('event_log')
    .select(['id', 'full_name', 'status', 'attempt', 'failures', 'owner', 'result', 'error_message'])
    .where('due_time', 'is not', null)
    .orderBy('id')
    .execute()
}

export async function eventRow(database: Database, id: number | undefined): Promise<EventRow> {
  const row = (await eventRows(database)).find(each => each.id === id)
  if (row === undefined) throw new Error(`no row ${id}`)
  return row
}

/** Waits until no row waits or runs, and answers with all of them. */
export async function untilEnded(database: Database, timeout = 20_000): Promise<readonly EventRow[]> {
  const isOpen = ({ status }: EventRow) => status === 'waiting' || status === 'running'
  return vi.waitUntil(
    async () => {
      const rows = await eventRows(database)
      return !rows.some(isOpen) && rows
    },
    { timeout, interval: 20 },
  )
}

/** Waits until the row has this status, and answers with it. */
export function untilStatus(database: Database, id: number | undefined, status: string): Promise<EventRow> {
  return vi.waitUntil(
    async () => {
      const row = await eventRow(database, id)
      return row.status === status && row
    },
    { timeout: 20_000, interval: 10 },
  )
}

/**
 * What is wrong with rows, one text each: one that waits is nobody's and has a handler, one that runs is a server's or is
 * leased, and one that has ended says when.
 */
export async function findTorn({ kysely }: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ fault: string }>`
    select 'row ' || id || ' ' || status || ' of ' || coalesce(owner, 'nobody') || ', leased until '
      || coalesce(lease_until::text, 'never') || ', ' || coalesce(start_time::text, '') || ' - ' || coalesce(finish_time::text, '')
      as fault
    from event_log e
    where due_time is not null and not case status
      when 'waiting' then owner is null and lease_until is null and start_time is null and finish_time is null
        and exists (select from event_handler h where h.full_name = e.full_name)
      when 'running' then (owner is null) = (lease_until is not null) and start_time is not null and finish_time is null
      else finish_time is not null end`.execute(kysely)
  return rows.map(({ fault }) => fault)
}

/**
 * Lets the database note every change of a row's state. `faults` are those that may never be: a row that had ended is
 * changed, an attempt begins twice, or the state goes another way than waiting, running, ended.
 */
export async function watchStates({ kysely }: Database): Promise<{ faults(): Promise<readonly string[]> }> {
  await sql
    .raw(
      `create table state_change (place bigint generated always as identity, id bigint, before text, after text,
         attempt bigint, later_attempt bigint);
       create function note_state() returns trigger language plpgsql as $$
       begin
         if (old.status, old.attempt) is distinct from (new.status, new.attempt) or old.status in ('success', 'fail') then
           insert into state_change (id, before, after, attempt, later_attempt)
           values (old.id, old.status, new.status, old.attempt, new.attempt);
         end if;
         return null;
       end $$;
       create trigger note_state after update on event_log for each row execute function note_state();`,
    )
    .execute(kysely)
  return {
    async faults() {
      const { rows } = await sql<{ fault: string }>`
        select 'row ' || id || ': ' || before || ' ' || attempt || ' -> ' || after || ' ' || later_attempt as fault
        from state_change
        where not ((before, after) in (('waiting', 'running'), ('waiting', 'fail'), ('waiting', 'success'),
            ('running', 'success'), ('running', 'fail')) and attempt = later_attempt
          or (before, after) = ('running', 'waiting') and later_attempt = attempt + 1)
        union all
        select 'row ' || id || ': attempt ' || attempt || ' began ' || count(*) || ' times'
        from state_change where after = 'running' group by id, attempt having count(*) > 1`.execute(kysely)
      return rows.map(({ fault }) => fault)
    },
  }
}

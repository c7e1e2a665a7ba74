import { sql } from 'kysely'
import { createBatchQueue } from '../async/batch-queue.ts'
import { pause } from '../async/pause.ts'
import type { Runner } from '../database/database.ts'
import { nextId } from '../database/next-id.ts'
import { compileStatement, rawStatement, Slot, type Statement } from '../database/statement.ts'
import { hasCode } from '../errors.ts'
import { jsResult } from '../resource/kind/js-result.ts'
import { renderRow } from '../resource/select/render.ts'

/** What a run's record begins with; times in epoch milliseconds. */
export interface NewRecord {
  readonly workerId: number
  readonly workerName: string
  readonly runType: string
  /** The chain of events that it belongs to. */
  readonly requestId: string
  readonly startTime: number
  /** JSON text. */
  readonly param: string
  /** The server that runs it. */
  readonly owner: string
  /** Of the definitions that the worker was remembered with; undefined: it was just read. */
  readonly version: number | undefined
}

/** How a run ended. */
export interface RecordEnd {
  readonly id: number
  readonly owner: string
  readonly finishTime: number
  /** JSON text; null when it failed. */
  readonly result: string | null
  readonly errorMessage: string | null
}

export type Records = ReturnType<typeof createRecords>

/** How long the end of a run is tried to be written, in milliseconds. */
const patience = [100, 200, 400, 800, 1600, 3200]

const insert = rawStatement(`
  with given as materialized (
    select ${nextId('js_result')} as id, r.*
    from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[], $8::bigint[])
      with ordinality as r(js_worker_id, js_worker_name, run_type, start_time, param, owner, request_id, version, place)
    where r.version is null or r.version = (select version from definition_version)
  ), written as (
    insert into js_result (id, js_worker_id, js_worker_name, run_type, start_time, param, owner, request_id)
    overriding system value
    select id, js_worker_id, js_worker_name, run_type, to_timestamp(start_time / 1000), nullif(param, 'null')::jsonb,
      owner, request_id
    from given
  )
  select place, id from given`)

/** The js-result rows of runs on this server; what runs begin and end together is written together. */
export function createRecords(runner: Pick<Runner, 'run' | 'kysely'>) {
  const { select, updateAfter } = statementsOf(runner)
  let ended = 0

  async function writeBegins(records: readonly NewRecord[]): Promise<readonly (number | undefined)[]> {
    const { rows } = await runner.run(insert, [
      records.map(record => record.workerId),
      records.map(record => record.workerName),
      records.map(record => record.runType),
      records.map(record => record.startTime),
      records.map(record => record.param),
      records.map(record => record.owner),
      records.map(record => record.requestId),
      records.map(record => record.version ?? null),
    ])
    const ids = new Map(rows.map(([place, id]) => [Number(place), Number(id)]))
    return records.map((_, i) => ids.get(i + 1))
  }

  async function writeEnds(ends: readonly RecordEnd[]): Promise<readonly (string | undefined)[]> {
    const { rows } = await runner.run(updateAfter(ended), [
      ends.map(end => end.id),
      ends.map(end => end.owner),
      ends.map(end => end.result),
      ends.map(end => end.errorMessage),
      ends.map(end => end.finishTime),
    ])
    ended += ends.length
    const texts = new Map(rows.map(([id, text]) => [Number(id), text as string]))
    return ends.map(end => texts.get(end.id))
  }

  const begins = createBatchQueue({ write: writeBegins, what: 'runs' })
  const ends = createBatchQueue({ write: writeEnds, what: 'ends of runs' })

  return {
    /** Resolves to its id; undefined, with nothing written, when the definitions have changed since that version. */
    async begin(record: NewRecord): Promise<number | undefined> {
      const [id] = await begins([record])
      return id
    },
    /** Ends a record that is still open and this server's; the wire row as JSON text, or undefined when it is not. */
    async end(end: RecordEnd): Promise<string | undefined> {
      for (const delay of patience) {
        try {
          return (await ends([end]))[0]
        } catch (error) {
          if (!isPassing(error)) throw error
          await pause(delay)
        }
      }
      return (await ends([end]))[0]
    },
    /** The wire row as JSON text. */
    async read(id: number): Promise<string | undefined> {
      const { rows } = await runner.run(select, [id])
      return rows[0]?.[0] as string | undefined
    },
  }
}

// Writing an end twice changes nothing the second time, so even a lost connection may be tried again.
function isPassing(error: unknown): boolean {
  return hasCode(error, 'busy', 'database_error')
}

function statementsOf(runner: Pick<Runner, 'kysely'>) {
  const row = renderRow(jsResult.fields)
  const select = compileStatement(
    runner.kysely
      .selectFrom('js_result')
      .select(row.as('row'))
      .where('id', '=', sql<number>`${new Slot(0)}::bigint`),
    'js_worker_record',
  )
  // A run that returned null has the JSON null: it is no longer running.
  const update = sql`with ended as (
        update js_result set result = given_result::jsonb, error_message = given_message,
          finish_time = to_timestamp(given_time / 1000)
        from unnest(${new Slot(0)}::bigint[], ${new Slot(1)}::text[], ${new Slot(2)}::text[], ${new Slot(3)}::text[],
          ${new Slot(4)}::float8[]) as given(given_id, given_owner, given_result, given_message, given_time)
        where id = given_id and owner = given_owner
          and finish_time is null and result is null and error_message is null
        returning id, ${row} as row
      ) select id, row from ended`.compile(runner.kysely)
  // PostgreSQL keeps the plan of a name, and one made while the table was empty reads all of it once it is not.
  const updates = Array.from({ length: 5 }, (_, i) =>
    compileStatement({ compile: () => update }, `js_worker_ends_${i}`),
  )
  /** Another one after ten, a hundred, a thousand and ten thousand ends. */
  function updateAfter(ended: number): Statement {
    const place = Math.floor(Math.log10(Math.max(ended, 1)))
    return updates[Math.min(place, updates.length - 1)] as Statement
  }

  return { select, updateAfter }
}

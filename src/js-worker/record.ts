import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { timestampOf } from '../condition/value.ts'
import type { Runner } from '../database/database.ts'
import { compileStatement, rawStatement, Slot } from '../database/statement.ts'
import { errorCodes, RpcError } from '../errors.ts'
import { jsResult } from '../resource/js-result.ts'
import { renderRow } from '../resource/render.ts'

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

/** The js-result rows of runs on this server. */
export interface Records {
  /** Resolves to its id. */
  begin(record: NewRecord): Promise<number>
  /** Ends a record that is still open and this server's; false when it is not. */
  end(end: RecordEnd): Promise<boolean>
  /** The wire row as JSON text. */
  read(id: number): Promise<string | undefined>
}

/** How long the end of a run is tried to be written, in milliseconds. */
const patience = [100, 200, 400, 800, 1600, 3200]

const insert = rawStatement(`
  insert into js_result (js_worker_id, js_worker_name, run_type, start_time, param, owner, request_id)
  values ($1::bigint, $2::text, $3::text, $4::timestamptz, nullif($5::text, 'null')::jsonb, $6::text, $7::text)
  returning id`)

// A run that returned null has the JSON null: it is no longer running.
const update = rawStatement(`
  update js_result set result = $3::text::jsonb, error_message = $4::text, finish_time = $5::timestamptz
  where id = $1::bigint and owner = $2::text
    and finish_time is null and result is null and error_message is null`)

export function createRecords(runner: Pick<Runner, 'run' | 'kysely'>): Records {
  const select = compileStatement(
    runner.kysely
      .selectFrom('js_result')
      .select(renderRow(jsResult.fields).as('row'))
      .where('id', '=', sql<number>`${new Slot(0)}::bigint`),
    'js_worker_record',
  )

  async function writeEnd({ id, owner, result, errorMessage, finishTime }: RecordEnd): Promise<boolean> {
    const values = [id, owner, result, errorMessage, timestampOf(finishTime)]
    return (await runner.run(update, values)).affected > 0
  }

  return {
    async begin({ workerId, workerName, runType, requestId, startTime, param, owner }) {
      const values = [workerId, workerName, runType, timestampOf(startTime), param, owner, requestId]
      const { rows } = await runner.run(insert, values)
      return Number(rows[0]?.[0])
    },
    async end(end) {
      for (const delay of patience) {
        try {
          return await writeEnd(end)
        } catch (error) {
          if (!isPassing(error)) throw error
          await sleep(delay)
        }
      }
      return writeEnd(end)
    },
    async read(id) {
      const { rows } = await runner.run(select, [id])
      return rows[0]?.[0] as string | undefined
    },
  }
}

// Written twice, an end changes nothing the second time: also a lost connection may be tried again.
function isPassing(error: unknown): boolean {
  return (
    error instanceof RpcError && (error.code === errorCodes.busy || error.code === errorCodes.database_error)
  )
}

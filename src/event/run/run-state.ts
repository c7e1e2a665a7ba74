import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

/** How the row of a running attempt stands. */
export interface RunState {
  readonly attempt: number
  readonly cancelRequested: boolean
}

const read = rawStatement(
  `select id, attempt, cancel_requested from event_log where id = any($1::bigint[]) and status = 'running'`,
)

/** The states of those rows that still run. */
export async function readStates(
  runner: Pick<Runner, 'run'>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, RunState>> {
  const { rows } = await runner.run(read, [ids])
  return new Map(
    rows.map(([id, attempt, cancel]) => [
      Number(id),
      { attempt: Number(attempt), cancelRequested: cancel === true },
    ]),
  )
}

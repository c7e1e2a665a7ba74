import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { MonitorStatus } from './monitor.ts'
import type { MonitorState } from './state.ts'

/** A monitor's change of state; times in epoch milliseconds. */
export interface Transition {
  readonly time: number
  readonly state: MonitorState
  readonly count: number | null
  /** The chain of the event that was sent. */
  readonly requestId: string | null
}

/** Kept of each monitor. */
const kept = 100

/** Shown of each monitor. */
const shown = 20

const record = rawStatement(
  `insert into monitor_transition (monitor_id, time, state, count, request_id)
   values ($1, to_timestamp($2::float8 / 1000), $3, $4::bigint, $5)`,
)

const forget = rawStatement(
  `delete from monitor_transition where monitor_id = $1 and id <= (
     select id from monitor_transition where monitor_id = $1 order by id desc offset ${kept} limit 1)`,
)

/** Call in the transaction that changes the state. */
export async function recordTransition(
  { run }: Pick<Runner, 'run'>,
  monitorId: number,
  { time, state, count, requestId }: Transition,
): Promise<void> {
  await run(record, [monitorId, time, state, count, requestId])
  await run(forget, [monitorId])
}

const newest = rawStatement(
  `select m.id, t.time, t.state, t.count, t.request_id from unnest($1::bigint[]) as m(id) cross join lateral (
     select * from monitor_transition where monitor_id = m.id order by id desc limit ${shown}) as t
   order by m.id, t.id desc`,
)

/** The newest transitions of each of these monitors, newest first. */
export async function readTransitions(
  { run }: Pick<Runner, 'run'>,
  monitorIds: readonly number[],
): Promise<ReadonlyMap<number, MonitorStatus['transitions']>> {
  const { rows } = await run(newest, [monitorIds])
  const grouped = Map.groupBy(rows, ([id]) => Number(id))
  return new Map(
    [...grouped].map(([id, group]) => [
      id,
      group.map(([, time, state, count, requestId]) => ({
        time: Number(time),
        // Only we write these columns.
        state: state as MonitorState,
        count: count === null ? null : Number(count),
        request_id: requestId as string | null,
      })),
    ]),
  )
}

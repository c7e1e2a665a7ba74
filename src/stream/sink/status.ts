import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

/** How far a sink is behind. */
export interface SinkLag {
  readonly name: string
  readonly isRunning: boolean
  /** The last number of its resource. */
  readonly lastNumber: number
  /** Numbers that it has still to look at. */
  readonly lag: number
}

const lags = rawStatement(
  `select s.name, s.state = 'running', coalesce(p.last_number, 0), greatest(coalesce(p.last_number, 0) - s.cursor, 0)
   from sink s left join stream_position p on p.resource = s.resource order by s.name`,
)

/** Of every sink, in order of its name. */
export async function sinkLags({ run }: Pick<Database, 'run'>): Promise<readonly SinkLag[]> {
  const { rows } = await run(lags, [])
  return rows.map(([name, isRunning, lastNumber, lag]) => ({
    name: String(name),
    isRunning: isRunning === true,
    lastNumber: Number(lastNumber),
    lag: Number(lag),
  }))
}

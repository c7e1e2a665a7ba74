import { z } from 'zod'
import { parseJson } from '../../json.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { Resource } from '../../resource/resource.ts'
import { rowSchema } from '../../resource/row.ts'
import type { PlacedRow } from '../../resource/select/read.ts'
import type { WallClock } from '../../schedule/wall-time.ts'

/** A record of the event log as JitAi's clients read it: members in camelCase, times as a wall clock shows them. */
export type RowData = Readonly<Record<string, unknown>>

const record: Resource = eventLog

const members = record.fields.map(({ name, kind, nullable }) => ({
  name,
  camelName: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  isTime: kind === 'time',
  isNullable: nullable === true,
}))

const timeText = z.string().describe('YYYY-MM-DD HH:MM:SS, in the server’s time zone')
const wireRow = rowSchema(record).shape

const rowDataSchema = z.strictObject(
  Object.fromEntries(
    members.map(({ name, camelName, isTime, isNullable }) => {
      const schema = isTime ? (isNullable ? timeText.nullable() : timeText) : wireRow[name]
      return [camelName, schema ?? z.unknown()]
    }),
  ),
)

/** What every method that reads the log answers. */
export const rowDatasSchema = z.strictObject({
  totalCount: z.int().describe('How many records there are, whether or not they are in rowDatas'),
  rowDatas: z.array(rowDataSchema),
})

export interface RowDatas {
  readonly totalCount: number
  readonly rowDatas: readonly RowData[]
}

export function rowDatasOf(rows: readonly PlacedRow[], clock: WallClock): readonly RowData[] {
  return rows.map(({ text }) => rowDataOf(parseJson(text) as RowData, clock))
}

function rowDataOf(row: RowData, clock: WallClock): RowData {
  return Object.fromEntries(
    members.map(({ name, camelName, isTime }) => {
      const value = row[name]
      return [camelName, isTime && typeof value === 'number' ? clock.textOf(value) : value]
    }),
  )
}

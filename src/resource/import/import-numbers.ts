import { sequenceOf } from '../../database/next-id.ts'
import { plainStatement, rawStatement } from '../../database/statement.ts'
import type { Table } from '../table.ts'

/** What is left to do once the rows are written. */
export interface Raised {
  settle(): Promise<void>
}

/**
 * Lets the records that come later be numbered behind `keys`; to be called before the rows are written, in their
 * transaction. What clients append draws from the table's sequence, what is published from the stream's position.
 */
export async function raiseNumbers(target: Table, keys: readonly number[]): Promise<Raised> {
  const highest = Math.max(...keys)
  if (target.resource.recorded === 'publish') return holdPosition(target, keys)
  await raiseSequence(target, highest)
  return { settle: async () => undefined }
}

async function raiseSequence({ resource, runner }: Table, highest: number): Promise<void> {
  const { table, ordering } = resource
  const sequence = sequenceOf(table, ordering.key)
  const drawn = `coalesce(pg_sequence_last_value(${sequence}), 0)`
  const { rows } = await runner.run(rawStatement(`select ${drawn} < $1::bigint`), [highest])
  if (rows[0]?.[0] !== true) return
  // Numbers drawn between the read and setval would be given out again: nobody may insert meanwhile.
  const lock = `lock table ${table} in share row exclusive mode`
  await runner.run(plainStatement(lock), [])
  await runner.run(rawStatement(`select setval(${sequence}, greatest($1::bigint, ${drawn}))`), [highest])
}

const holdRow = rawStatement('select last_number from stream_position where resource = $1::text for update')

/** Keeps the sequencer from numbering until the transaction ends; then it goes on behind the rows. */
async function holdPosition({ resource, runner }: Table, keys: readonly number[]): Promise<Raised> {
  await runner.run(holdRow, [resource.name])
  const { table, ordering } = resource
  const raise = rawStatement(`
    update stream_position as p set
      last_number = greatest(p.last_number, moved.last_number),
      last_offset = greatest(p.last_offset, moved.last_offset),
      last_time = greatest(p.last_time, moved.last_time)
    from (
      select max(${ordering.key}) as last_number,
        max(case when "offset" ~ '^\\d{1,18}$' then "offset"::bigint + octet_length(body::text) end) as last_offset,
        max(${ordering.time}) as last_time
      from ${table} where ${ordering.key} = any($2::bigint[])
    ) as moved
    where resource = $1::text`)
  return {
    async settle() {
      await runner.run(raise, [resource.name, keys])
    },
  }
}

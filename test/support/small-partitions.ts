import { sql } from 'kysely'
import type { Database } from '../../src/database/database.ts'
import { readPartitions } from '../../src/database/partitions.ts'

const count = 8

/** Makes `count` ranges of so many ids of each empty table that has ranges, and one without an end behind them. */
export async function splitTables(database: Database, partitionRows: number): Promise<void> {
  if (partitionRows === 0) return
  const statements = (await readPartitions(database)).flatMap(({ name, partitions: [first] }) => [
    `alter table ${name} detach partition ${first?.name}`,
    `alter table ${name} attach partition ${first?.name} for values from (minvalue) to (${partitionRows})`,
    ...Array.from({ length: count }, (_, i) => {
      const from = (i + 1) * partitionRows
      const to = i + 1 === count ? 'maxvalue' : from + partitionRows
      return `create table ${name}_p${from} partition of ${name} for values from (${from}) to (${to})`
    }),
  ])
  await sql.raw(statements.join(';')).execute(database.kysely)
}

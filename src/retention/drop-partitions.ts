import { type Kysely, type SqlBool, sql } from 'kysely'
import { type AnyTables, allOf } from '../condition/compile.ts'
import { shapeOf } from '../condition/shape.ts'
import type { Database, Runner } from '../database/database.ts'
import { aloneSoon, condemn, dropCondemned } from '../database/partition-change.ts'
import { closedPartitions, type Partition, readPartitions } from '../database/partitions.ts'
import { compileStatement, Slot } from '../database/statement.ts'
import { RpcError } from '../errors.ts'
import type { Expired } from './expired.ts'

export interface ExpiringRule {
  readonly rule: number
  readonly expired: Expired
  /** The current rule, locked until the transaction ends; undefined: it was deleted. */
  again(runner: Runner): Promise<Expired | undefined>
}

/**
 * Drops the ranges of ids whose records have all expired; resolves to the number of those records. Ranges that others hold
 * or that another server changes for longer than five seconds are left to the batches or to the next run.
 */
export async function dropExpiredPartitions(
  database: Database,
  { rule, expired, again }: ExpiringRule,
): Promise<number> {
  if (!expired.isWhole) return 0
  const due = await findDue(database, expired)
  if (due.length === 0) return 0
  const isDue = (partition: Partition) => async (runner: Runner) => {
    const now = await again(runner)
    return now?.isWhole === true && isWhollyExpired(runner, database, { partition, expired: now })
  }
  // Deleting the records in batches would take far longer than waiting for our turn.
  const dropped = await aloneSoon(database, async () => {
    try {
      for (const partition of due) await condemn(database, partition, { rule, isDue: isDue(partition) })
    } catch (error) {
      if (!(error instanceof RpcError) || error.data.retryable !== true) throw error
    }
    return dropCondemned(database)
  })
  return dropped ?? 0
}

async function findDue(database: Database, expired: Expired): Promise<readonly Partition[]> {
  const [table] = await readPartitions(database, [expired.resource.table])
  if (table === undefined || !table.mayChange || table.partitions.length === 1) return []
  const due: Partition[] = []
  for (const partition of await closedPartitions(database, table)) {
    if (await isWhollyExpired(database, database, { partition, expired })) due.push(partition)
  }
  return due
}

/** Three look-ups in indexes: of the newest record, of one without a time, and of one that is still open. */
async function isWhollyExpired(
  { run }: Pick<Runner, 'run'>,
  database: Pick<Database, 'kysely'>,
  { partition, expired }: { readonly partition: Partition; readonly expired: Expired },
): Promise<boolean> {
  const { resource, before } = expired
  const { finish, ordering } = resource
  const { values } = shapeOf(finish === undefined ? [] : [finish.open])
  const builder = database.kysely as unknown as Kysely<AnyTables>
  const from = builder.selectFrom(partition.name)
  const time = sql.ref(ordering.time)
  const open =
    finish === undefined
      ? []
      : [sql<SqlBool>`exists (${from.select(sql.lit(1).as('one')).where(allOf([finish.open]))})`]
  const kept = [
    ...(ordering.timeNullable
      ? [sql<SqlBool>`exists (select from ${sql.table(partition.name)} where ${time} is null)`]
      : []),
    sql<SqlBool>`coalesce((select max(${time}) from ${sql.table(partition.name)}) > ${new Slot(values.length)}::timestamptz, false)`,
    ...open,
  ]
  const query = sql`select ${sql.join(kept, sql` or `)}`
  const statement = compileStatement({ compile: () => query.compile(builder) })
  return (await run(statement, [...values, before])).rows[0]?.[0] === false
}

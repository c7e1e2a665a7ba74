import type { Runner } from './database.ts'
import { manyPartitions, type PartitionedTable, readPartitions } from './partitions.ts'
import { rawStatement } from './statement.ts'

export interface PartitionReport {
  /** Of each table: how many ranges it has, and where the last begins. */
  readonly detail: string
  readonly faults: readonly string[]
}

// Ranges that a server, or an administrator, has begun to detach and not ended.
const halfDetached = rawStatement(
  `select i.inhrelid::regclass::text from pg_inherits i
   join pg_class c on c.oid = i.inhrelid
   join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
   where i.inhdetachpending order by 1`,
)

/** For `daybook doctor`. */
export async function reportPartitions(runner: Pick<Runner, 'run'>): Promise<PartitionReport> {
  const tables = await readPartitions(runner)
  const pending = (await runner.run(halfDetached, [])).rows.map(([name]) => String(name))
  const foreign = tables.filter(table => !table.mayChange).map(table => table.name)
  const many = tables.filter(table => table.partitions.length > 2 * manyPartitions).map(table => table.name)
  // That works, only slower: no fault.
  const unowned =
    foreign.length === 0
      ? []
      : [`the role does not own ${foreign.join(', ')}: no more ranges, and retention deletes row by row`]
  return {
    detail: [...tables.map(describe), ...unowned].join('; '),
    faults: [
      ...pending.map(name => `${name} is half detached: alter table ... detach partition ${name} finalize`),
      ...many.map(name => `${name} has more ranges than plans can bear: raise DAYBOOK_PARTITION_ROWS`),
    ],
  }
}

function describe({ name, partitions }: PartitionedTable): string {
  const from = partitions.at(-1)?.from
  return from === undefined ? `${name}: 1` : `${name}: ${partitions.length}, the last from ${from}`
}

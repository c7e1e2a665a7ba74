import type { Runner } from './database.ts'
import { rawStatement } from './statement.ts'

/** What a table takes on the disk; one of ranges with all of them. */
export interface TableSize {
  readonly table: string
  /** Without its indexes. */
  readonly bytes: number
  readonly indexBytes: number
  /** About how many rows it has, as far as it was analyzed. */
  readonly rows: number
}

const select = rawStatement(
  `select c.relname, sum(pg_table_size(part))::float8, sum(pg_indexes_size(part))::float8, sum(greatest(rows, 0))::float8
   from pg_class c
   cross join lateral (
     select c.oid as part, c.reltuples as rows where c.relkind = 'r'
     union all
     select leaf.oid, leaf.reltuples from pg_inherits i join pg_class leaf on leaf.oid = i.inhrelid
     where i.inhparent = c.oid) as parts
   where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   group by c.relname having sum(pg_table_size(part)) > 0
   order by sum(pg_total_relation_size(part)) desc`,
)

/** The tables of this database that hold anything, the largest first. */
export async function readTableSizes(runner: Pick<Runner, 'run'>): Promise<readonly TableSize[]> {
  const { rows } = await runner.run(select, [])
  return rows.map(([table, bytes, indexBytes, count]) => ({
    table: String(table),
    bytes: Number(bytes),
    indexBytes: Number(indexBytes),
    rows: Number(count),
  }))
}

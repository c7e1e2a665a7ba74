import type { Runner } from './database.ts'
import { tables } from './schema.ts'
import { rawStatement } from './statement.ts'

/** A range of a table's ids, `from` to before `to`, in a table of its own; undefined: unbounded. */
export interface Partition {
  readonly name: string
  readonly from: number | undefined
  readonly to: number | undefined
}

/** A table that is partitioned by ranges of its ids. */
export interface PartitionedTable {
  readonly name: string
  /** The column of the ids. */
  readonly key: string
  /** In the order of the ids, possibly with holes; the last one has no end. */
  readonly partitions: readonly Partition[]
  /** Whether the role of this connection owns the table, and may make others beside it. */
  readonly mayChange: boolean
}

/** More make every plan slower: from here on each range is twice as large as the one before. */
export const manyPartitions = 30

/** Ids to a range, unless DAYBOOK_PARTITION_ROWS says otherwise. */
export const defaultPartitionRows = 10_000_000

const bound = (word: string): string => `substring(bound from '${word} \\(''?(-?\\d+)')::bigint`

const read = rawStatement(
  `select root.relname, a.attname, quote_ident(part.relname), ${bound('FROM')}, ${bound('TO')},
     pg_has_role(root.relowner, 'usage') and has_schema_privilege(n.oid, 'create')
   from pg_partitioned_table p
   join pg_class root on root.oid = p.partrelid
   join pg_namespace n on n.oid = root.relnamespace and n.nspname = current_schema()
   join pg_attribute a on a.attrelid = root.oid and a.attnum = p.partattrs[0]
   join pg_inherits i on i.inhparent = root.oid and not i.inhdetachpending
   join pg_class part on part.oid = i.inhrelid and part.relnamespace = n.oid
   cross join lateral pg_get_expr(part.relpartbound, part.oid) as bound
   where root.relname = any($1::text[])
   order by root.relname, 4 nulls first`,
)

/** Our partitioned tables, or those of them that are named. */
export async function readPartitions(
  { run }: Pick<Runner, 'run'>,
  names: readonly string[] = Object.keys(tables),
): Promise<readonly PartitionedTable[]> {
  const { rows } = await run(read, [names])
  const found = new Map<string, PartitionedTable & { partitions: Partition[] }>()
  for (const [root, key, part, from, to, mayChange] of rows) {
    const name = String(root)
    const table = found.get(name) ?? { name, key: String(key), partitions: [], mayChange: mayChange === true }
    table.partitions.push({ name: String(part), from: numberOf(from), to: numberOf(to) })
    found.set(name, table)
  }
  return [...found.values()]
}

function numberOf(value: unknown): number | undefined {
  return value === null ? undefined : Number(value)
}

/**
 * Where the last range should end, so that an empty one is always ahead of `highest`, the highest id; undefined: leave it.
 * The first range has no end until it is half full: small tables stay whole.
 */
export function nextBoundary(
  { partitions }: Pick<PartitionedTable, 'partitions'>,
  highest: number,
  size: number,
): number | undefined {
  const step = size * 2 ** Math.max(0, partitions.length + 1 - manyPartitions)
  const from = partitions.at(-1)?.from
  if (highest < (from ?? step / 2)) return undefined
  // Ids go on being drawn until the end is set.
  const boundary = Math.ceil((highest + 1 + step / 4) / step) * step
  return Number.isSafeInteger(boundary) ? boundary : undefined
}

/** Ids between two ranges that belong to none. */
export interface Hole {
  readonly from: number | undefined
  readonly to: number
}

/** The holes that some of the keys lie in. */
export function holesOf({ partitions }: PartitionedTable, keys: readonly number[]): readonly Hole[] {
  return partitions.flatMap(({ from: to }, i) => {
    const from = partitions[i - 1]?.to
    if (to === undefined || (i > 0 && from === to)) return []
    return keys.some(key => key < to && key >= (from ?? -Infinity)) ? [{ from, to }] : []
  })
}

const drawn = rawStatement(
  `select case when s.name is null then (select last_number from stream_position where resource = 'change-event')
     else pg_sequence_last_value(s.name::regclass) end
   from pg_get_serial_sequence($1, $2) as s(name)`,
)

/** The ranges that ids have passed: only an import still writes to them. */
export async function closedPartitions(
  { run }: Pick<Runner, 'run'>,
  { name, key, partitions }: PartitionedTable,
): Promise<readonly Partition[]> {
  const last = Number((await run(drawn, [name, key])).rows[0]?.[0] ?? 0)
  return partitions.filter(({ to }) => to !== undefined && to <= last)
}

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

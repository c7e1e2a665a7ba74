import { type Repeated, repeat } from '../async/repeat.ts'
import { hasReason } from '../errors.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
import type { Database, Runner } from './database.ts'
import {
  alonePartitioning,
  aloneSoon,
  dropCondemned,
  fillHole,
  openEnd,
  splitLast,
} from './partition-change.ts'
import {
  defaultPartitionRows,
  holesOf,
  nextBoundary,
  type PartitionedTable,
  readPartitions,
} from './partitions.ts'
import { plainStatement, rawStatement } from './statement.ts'

export interface PartitionUpkeepOptions {
  readonly database: Database
  /** Ids to a range. */
  readonly partitionRows: number
  onError(error: unknown): void
  /** Milliseconds; default: a minute. */
  readonly everyMs?: number
}

/**
 * Keeps an empty range ahead of the ids, finishes dropping ranges, and analyzes the partitioned tables as a whole, which
 * autovacuum never does. Every server may start it: one works at a time.
 */
export function startPartitionUpkeep(options: PartitionUpkeepOptions): Repeated {
  const { database, partitionRows, onError, everyMs = 60_000 } = options
  return repeat(everyMs, () => onOwnBehalf(() => keepPartitions(database, partitionRows)), onError)
}

/** One look at all tables. */
export async function keepPartitions(database: Database, partitionRows: number): Promise<void> {
  // `daybook doctor` reports tables of another role, which stay as they are.
  const mayChange = (await readPartitions(database)).some(table => table.mayChange)
  if (!mayChange) return
  await alonePartitioning(database, async () => {
    await dropCondemned(database)
    for (const table of await readPartitions(database)) {
      if (table.mayChange) await keepAhead(database, table, partitionRows)
    }
    await analyzeRoots(database)
  })
}

async function keepAhead(database: Database, table: PartitionedTable, partitionRows: number): Promise<void> {
  const last = table.partitions.at(-1)
  if (last === undefined) return
  await openEnd(database, last)
  const highest = await highestKey(database, table.key, last.name)
  const boundary = highest === undefined ? undefined : nextBoundary(table, highest, partitionRows)
  if (boundary !== undefined) await splitLast(database, table, boundary)
}

async function highestKey(
  { run }: Pick<Runner, 'run'>,
  key: string,
  partition: string,
): Promise<number | undefined> {
  const statement = plainStatement(`select max(${key}) from ${partition}`)
  const [highest] = (await run(statement, [])).rows[0] ?? []
  return highest === null || highest === undefined ? undefined : Number(highest)
}

// A tenth more or less than when it was analyzed, as autovacuum has it for the ranges.
const unanalyzed = rawStatement(
  `select root.relname
   from pg_class root
   join pg_namespace n on n.oid = root.relnamespace and n.nspname = current_schema()
   cross join lateral (
     select sum(greatest(part.reltuples, 0)) as rows
     from pg_inherits i join pg_class part on part.oid = i.inhrelid where i.inhparent = root.oid) as parts
   where root.relkind = 'p' and pg_has_role(root.relowner, 'usage')
     and abs(parts.rows - greatest(root.reltuples, 0)) > 1000 + parts.rows / 10`,
)

async function analyzeRoots(database: Database): Promise<void> {
  for (const [name] of (await database.run(unanalyzed, [])).rows) {
    await database.transaction(({ run }) => run(plainStatement(`analyze ${name}`), []), { isLong: true })
  }
}

export interface Room {
  readonly table: string
  readonly keys: readonly number[]
  /** Ids to a range. */
  readonly partitionRows?: number | undefined
}

/**
 * Makes ranges for imported ids that are about to be written: where old ranges were dropped, and where ids lie far ahead.
 */
export async function makeRoom(
  database: Database,
  { table: name, keys, partitionRows = defaultPartitionRows }: Room,
): Promise<void> {
  const read = async () => (await readPartitions(database, [name]))[0]

  async function isNeeded(): Promise<boolean> {
    const table = await read()
    return table !== undefined && needsRoom(table, keys, partitionRows)
  }

  async function make(): Promise<true> {
    const table = await read()
    if (table === undefined) return true
    for (const hole of holesOf(table, keys)) await fillHole(database, table, hole)
    const boundary = nextBoundary(table, Math.max(...keys), partitionRows)
    // The last range takes them too, if somebody holds it just now.
    if (boundary !== undefined && table.mayChange) {
      await splitLast(database, table, boundary).catch(isLockTimeout)
    }
    return true
  }

  await aloneSoon(database, make, isNeeded)
}

function isLockTimeout(error: unknown): void {
  if (!hasReason(error, 'lock_timeout')) throw error
}

function needsRoom(table: PartitionedTable, keys: readonly number[], partitionRows: number): boolean {
  if (holesOf(table, keys).length > 0) return true
  return table.mayChange && nextBoundary(table, Math.max(...keys), partitionRows) !== undefined
}

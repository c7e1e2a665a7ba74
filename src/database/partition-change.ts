import { pause } from '../async/pause.ts'
import { repeat } from '../async/repeat.ts'
import { hasReason, RpcError } from '../errors.ts'
import type { Database, Result, Runner } from './database.ts'
import type { Hole, Partition, PartitionedTable } from './partitions.ts'
import { plainStatement, rawStatement } from './statement.ts'

/** While we wait for a lock, others queue behind us. */
const lockTimeoutMs = 200
const lockAttempts = 5

/** How long others wait for a server that fell silent in the middle of a change. */
const leaseMs = 120_000

const take = rawStatement(
  `update partition_upkeep set held_until = now() + $1::float8 * interval '1 millisecond'
   where held_until < now() returning held_until::text`,
)
const renew = rawStatement(
  `update partition_upkeep set held_until = now() + $1::float8 * interval '1 millisecond'
   where held_until = $2::text::timestamptz returning held_until::text`,
)
const giveBack = rawStatement(
  `update partition_upkeep set held_until = '-infinity' where held_until = $1::text::timestamptz`,
)

/** Does `work`, or resolves to undefined while another server changes ranges. */
export async function alonePartitioning<T>(
  database: Database,
  work: () => Promise<T>,
): Promise<T | undefined> {
  let [held] = (await database.run(take, [leaseMs])).rows[0] ?? []
  if (held === undefined) return undefined
  const renewOnce = async (): Promise<void> => {
    held = (await database.run(renew, [leaseMs, held])).rows[0]?.[0] ?? held
  }
  // The work goes on when that fails, or fails as it did.
  const renewing = repeat(leaseMs / 4, renewOnce, () => undefined)
  try {
    return await work()
  } finally {
    await renewing.stop()
    await database.run(giveBack, [held])
  }
}

/**
 * The same, but waits for the server that does so, which is soon done; undefined when that takes more than 5 s, or when
 * `isNeeded` says that it has done this work as well.
 */
export async function aloneSoon<T>(
  database: Database,
  work: () => Promise<T>,
  isNeeded: () => Promise<boolean> = async () => true,
): Promise<T | undefined> {
  const until = performance.now() + 5000
  for (;;) {
    if (!(await isNeeded())) return undefined
    const done = await alonePartitioning(database, work)
    if (done !== undefined || performance.now() >= until) return done
    await pause(100)
  }
}

/** Ends the last range at `boundary` and begins another there. The table is read once, without a lock. */
export async function splitLast(
  database: Database,
  table: PartitionedTable,
  boundary: number,
): Promise<void> {
  const last = table.partitions.at(-1)
  if (last === undefined) return
  const { key } = table
  const from = last.from ?? 'minvalue'
  const [options] = (await database.run(storage, [last.name])).rows[0] ?? []
  const next = await freeName(database, `${table.name}_p${boundary}`)
  try {
    await withBriefLock(database, run =>
      run(`alter table ${last.name} add constraint ${end} check (${key} < ${boundary}) not valid`),
    )
    const validate = `alter table ${last.name} validate constraint ${end}`
    await database.transaction(runner => command(runner, validate), { isLong: true })
    await withBriefLock(database, async run => {
      await run(`alter table ${table.name} detach partition ${last.name}`)
      await run(
        `alter table ${table.name} attach partition ${last.name} for values from (${from}) to (${boundary})`,
      )
      await run(`create table ${next} partition of ${table.name} for values from (${boundary}) to (maxvalue)
        ${typeof options === 'string' ? `with (${options})` : ''}`)
      await run(`alter table ${last.name} drop constraint ${end}`)
    })
  } catch (error) {
    // Otherwise ids beyond the boundary could not be written.
    await openEnd(database, last)
    throw error
  }
}

const end = 'daybook_partition_end'
const storage = rawStatement(
  `select array_to_string(reloptions, ', ') from pg_class where oid = to_regclass($1)`,
)
const hasEnd = rawStatement(
  `select from pg_constraint where conrelid = to_regclass($1) and conname = '${end}'`,
)

/** Removes what a failed split has left. */
export async function openEnd(database: Database, { name }: Partition): Promise<void> {
  if ((await database.run(hasEnd, [name])).rows.length === 0) return
  await withBriefLock(database, run => run(`alter table ${name} drop constraint if exists ${end}`))
}

/** Makes a range for a stretch of ids that has none. */
export async function fillHole(database: Database, table: PartitionedTable, hole: Hole): Promise<void> {
  const name = await freeName(database, `${table.name}_p${hole.from ?? 0}`)
  await withBriefLock(database, run =>
    run(
      `create table ${name} partition of ${table.name} for values from (${hole.from ?? 'minvalue'}) to (${hole.to})`,
    ),
  )
}

const isTaken = rawStatement('select to_regclass($1) is not null')

/** An administrator may have detached a table of that name and kept it. */
async function freeName(runner: Pick<Runner, 'run'>, name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const each = i === 1 ? name : `${name}_${i}`
    if ((await runner.run(isTaken, [each])).rows[0]?.[0] === false) return each
  }
}

/** The constraint that lets nothing be written to a range that is to be dropped; the rule's id follows. */
const expired = 'daybook_expired_'

/**
 * Closes a range for writing if `isDue`, asked under a lock, says so. After that it will be dropped, now or by the next upkeep.
 */
export async function condemn(
  database: Database,
  { name }: Partition,
  { rule, isDue }: { readonly rule: number; readonly isDue: (runner: Runner) => Promise<boolean> },
): Promise<boolean> {
  return withBriefLock(database, async (run, runner) => {
    await run(`lock table ${name} in access exclusive mode`)
    if (!(await isDue(runner))) return false
    await run(`alter table ${name} add constraint ${expired}${rule} check (false) not valid`)
    return true
  })
}

const condemned = rawStatement(
  `select quote_ident(c.relname), substr(con.conname, ${expired.length + 1}), i.inhparent::regclass::text, i.inhdetachpending,
     (select quote_ident(a.attname) from pg_index x join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
      where x.indrelid = c.oid and x.indisprimary)
   from pg_constraint con
   join pg_class c on c.oid = con.conrelid
   join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
   left join pg_inherits i on i.inhrelid = c.oid
   where con.contype = 'c' and con.conname ~ '^${expired}\\d+$' and pg_has_role(c.relowner, 'usage')`,
)

const credit = rawStatement(
  `update retention_rule set deleted = deleted + $2::bigint, last_deleted = coalesce(last_deleted, 0) + $2::bigint,
     untold = untold + $2::bigint, untold_from = least(untold_from, $3::bigint), untold_to = greatest(untold_to, $4::bigint)
   where id = $1::bigint`,
)

/** Drops the condemned ranges, also half-dropped ones, and returns how many records they held. */
export async function dropCondemned(database: Database): Promise<number> {
  let dropped = 0
  for (const [name, rule, root, isPending, key] of (await database.run(condemned, [])).rows) {
    if (root !== null) await detach(database, { root, name, isPending })
    dropped += await database.transaction(
      async runner => {
        const found = await command(runner, `select count(*), min(${key}), max(${key}) from ${name}`)
        const [count, from, to] = found.rows[0] ?? [0, null, null]
        await command(runner, `drop table ${name}`)
        await runner.run(credit, [rule, count, from, to])
        return Number(count)
      },
      { isLong: true },
    )
  }
  return dropped
}

/** Waits for those who read the table, without blocking others. */
async function detach(
  database: Database,
  { root, name, isPending }: { readonly root: unknown; readonly name: unknown; readonly isPending: unknown },
): Promise<void> {
  const sql = `alter table ${root} detach partition ${name}`
  if (isPending === true) {
    await command(database, `${sql} finalize`)
    return
  }
  try {
    await command(database, `${sql} concurrently`)
  } catch (error) {
    if (!isWithinTransaction(error)) throw error
    await withBriefLock(database, run => run(sql))
  }
}

/** A pooler lends connections for transactions only. */
function isWithinTransaction(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  const { cause } = error
  return cause instanceof Error && 'code' in cause && cause.code === '25001'
}

type Run = (sql: string) => Promise<Result>

/** Changes tables that others use, in a transaction: waits briefly for their locks, several times. */
async function withBriefLock<T>(
  database: Database,
  work: (run: Run, runner: Runner) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction(async runner => {
        const run: Run = sql => command(runner, sql)
        await run(`set local lock_timeout = ${lockTimeoutMs}`)
        return await work(run, runner)
      })
    } catch (error) {
      if (!hasReason(error, 'lock_timeout') || attempt === lockAttempts) throw error
      await pause(lockTimeoutMs * attempt)
    }
  }
}

function command(runner: Pick<Runner, 'run'>, sql: string): Promise<Result> {
  return runner.run(plainStatement(sql), [])
}

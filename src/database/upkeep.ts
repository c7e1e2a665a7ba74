import { pause } from '../async/pause.ts'
import { type Repeated, repeat } from '../async/repeat.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
import type { Runner } from './database.ts'
import { plainStatement, rawStatement, type Statement } from './statement.ts'

export interface UpkeepOptions extends Pick<Runner, 'run'> {
  /** Whether the engine has nothing to do. */
  isIdle(): boolean
  /** Bytes that the disk has left. */
  freeBytes(): Promise<number>
  onError(error: unknown): void
  /** Milliseconds. */
  readonly everyMs?: number
}

/** Write-ahead log between two checkpoints, which alone make room in it; the engine begins none itself. */
const mostLogBytes = 8 * 2 ** 20

/** A checkpoint that finds no room for a file ends the engine. */
const leastFreeBytes = 4 * 2 ** 20

/** With less written since the last look there is nothing to do. */
const leastLogBytes = 2 ** 16

/** Looks to skip after one that found nothing written, so that an idle engine rests. */
const restLooks = 4

/** How long a look waits for a moment without requests, and after how many looks it no longer waits. */
const longestWaitMs = 300
const patience = 4

const position = rawStatement(`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8`)
const countNow = rawStatement('select pg_stat_force_next_flush()')

// The thresholds are those of autovacuum. A crash loses the counts: then each table of some size has its turn once. Old
// transaction numbers are frozen long before they run out.
const due = rawStatement(
  `select name, (dead > 50 + rows / 5 or inserted > 1000 + rows / 5 or is_unknown or age > 100000000)::int,
     (changed > 50 + rows / 10 or is_unknown)::int
   from (
     select oid::regclass::text as name, greatest(reltuples, 0) as rows, age(relfrozenxid) as age,
       pg_stat_get_dead_tuples(oid) as dead, pg_stat_get_ins_since_vacuum(oid) as inserted,
       pg_stat_get_mod_since_analyze(oid) as changed,
       pg_stat_get_last_vacuum_time(oid) is null and pg_relation_size(oid) > 1000000 as is_unknown
     from pg_class where relkind = 'r' and not relisshared and relpersistence <> 't'
   ) as t
   where dead > 50 + rows / 5 or inserted > 1000 + rows / 5 or changed > 50 + rows / 10 or is_unknown or age > 100000000
   order by dead desc`,
)

/**
 * Does what the embedded engine never does by itself: vacuums, analyzes, and keeps the write-ahead log short. It does one
 * table at a time and lets requests go first.
 */
export function startUpkeep({ run, isIdle, freeBytes, onError, everyMs = 1000 }: UpkeepOptions): Repeated {
  const waiting = new Map<unknown, number>()
  let seen = 0
  let last = 0
  let checkpoint: number | undefined
  let resting = 0
  let isStopping = false

  const ask = (statement: Statement) => onOwnBehalf(() => run(statement, []))
  const command = (sql: string) => ask(plainStatement(sql))

  async function look(): Promise<void> {
    if (resting > 0) {
      resting -= 1
      return
    }
    const now = Number((await ask(position)).rows[0]?.[0])
    checkpoint ??= now
    if (now - seen < leastLogBytes && waiting.size === 0) {
      if (now === last) resting = restLooks
      last = now
      return
    }
    last = now
    seen = now
    if (now - checkpoint > mostLogBytes && (await freeBytes()) > leastFreeBytes) {
      await command('checkpoint')
      checkpoint = now
    }
    await ask(countNow)
    const { rows } = await ask(due)
    const names = new Set(rows.map(([table]) => table))
    for (const table of waiting.keys()) if (!names.has(table)) waiting.delete(table)
    for (const [table, isFull, isChanged] of rows) await tend(table, { isFull, isChanged })
  }

  async function tend(table: unknown, need: { isFull: unknown; isChanged: unknown }): Promise<void> {
    if (isStopping) return
    const looks = (waiting.get(table) ?? 0) + 1
    waiting.set(table, looks)
    if (!(await becomesIdle()) && looks < patience) return
    waiting.delete(table)
    if (need.isFull === 0) await command(`analyze ${table}`)
    else await command(`vacuum ${need.isChanged === 0 ? '' : '(analyze)'} ${table}`)
  }

  async function becomesIdle(): Promise<boolean> {
    const until = performance.now() + longestWaitMs
    while (!isIdle() && !isStopping && performance.now() < until) await pause(5)
    return isIdle()
  }

  const looks = repeat(everyMs, look, onError)
  return {
    stop() {
      isStopping = true
      return looks.stop()
    },
  }
}

import type { Database, Runner } from './database.ts'
import { rawStatement } from './statement.ts'

/** The keys of advisory locks: any numbers, the same in every Daybook. */
export const locks = {
  migrating: 7_411_000_001,
  /** While one counts how many runs of a handler are under way, no other may begin any. */
  takingRuns: 7_411_000_002,
  // 7_411_000_004 is that of number_changes in sql/, which numbers the changes.
  retention: 7_411_000_005,
  /** While one counts the monitors, no other may make any. */
  makingMonitors: 7_411_000_006,
  /** While one counts the views, no other may make any. */
  makingViews: 7_411_000_007,
} as const

/** A key, or the name of what only one may change at a time. */
type Lock = (typeof locks)[keyof typeof locks] | string

const take = rawStatement('select pg_advisory_xact_lock($1::bigint)')
const takeNamed = rawStatement('select pg_advisory_xact_lock(hashtextextended($1::text, 0))')
const tryToTake = rawStatement('select pg_try_advisory_xact_lock($1::bigint)')

/**
 * Does `work` once nobody else has the lock. It belongs to the transaction of `runner` and ends with it, so that it survives
 * a pooler. It is a statement of its own: what follows sees all that its last holder did.
 */
export async function withAdvisoryLock<T>(
  runner: Pick<Runner, 'run'>,
  lock: Lock,
  work: () => Promise<T>,
): Promise<T> {
  await runner.run(typeof lock === 'string' ? takeNamed : take, [lock])
  return work()
}

/** Does `work` in a transaction that has the lock; undefined while another has it. */
export async function unlessLocked<T>(
  database: Pick<Database, 'transaction'>,
  lock: Exclude<Lock, string>,
  work: (runner: Runner) => Promise<T>,
): Promise<T | undefined> {
  return database.transaction(async runner => {
    const [row] = (await runner.run(tryToTake, [lock])).rows
    return row?.[0] === true ? work(runner) : undefined
  })
}

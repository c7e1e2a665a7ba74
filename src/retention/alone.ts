import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

// Any number, the same in every Daybook.
const lock = rawStatement('select pg_try_advisory_xact_lock(7411000005)')

/**
 * Does `work` in a transaction unless another server is in one of these at the moment; then resolves to undefined. The
 * lock is a statement of its own: what follows sees all that its last holder did.
 */
export async function alone<T>(
  database: Pick<Database, 'transaction'>,
  work: (runner: Runner) => Promise<T>,
): Promise<T | undefined> {
  return database.transaction(async runner => {
    const [row] = (await runner.run(lock, [])).rows
    return row?.[0] === true ? work(runner) : undefined
  })
}

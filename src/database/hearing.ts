import { randomBytes } from 'node:crypto'
import { within } from '../async/within.ts'
import type { Database } from './database.ts'
import { rawStatement } from './statement.ts'

const notify = rawStatement('select pg_notify($1, $2)')

/** What to tell the operator of a database that does not hear itself. */
export const deafness =
  'notifications do not arrive, so that changes are noticed late: set DATABASE_LISTEN_URL to the same database past the pooler'

/**
 * Whether a notification reaches a listener within `ms` milliseconds. A pooler that lends its connections by transaction
 * accepts LISTEN without an error, and nothing ever arrives. Throws RpcError.
 */
export async function hearsItself(database: Database, ms = 2000): Promise<boolean> {
  // A channel of its own: another server may run this check at the same time.
  const channel = `daybook_hearing_${randomBytes(8).toString('hex')}`
  const heard = Promise.withResolvers<boolean>()
  const stop = await database.listen(channel, () => heard.resolve(true))
  try {
    await database.run(notify, [channel, ''])
    return (await within(ms, heard.promise)) ?? false
  } finally {
    await stop()
  }
}

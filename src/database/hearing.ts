import { randomBytes } from 'node:crypto'
import { within } from '../async/within.ts'
import type { Database } from './database.ts'
import { rawStatement } from './statement.ts'

const notify = rawStatement('select pg_notify($1, $2)')

/** What helps where a database does not hear itself. */
export const deafness =
  'notifications do not arrive, so that changes are noticed late: set DATABASE_LISTEN_URL to the same database past the pooler'

/**
 * Whether what is notified in a transaction arrives where it is listened for, within `ms` milliseconds. A pooler that lends
 * its connections by transaction takes a LISTEN without an error, and nothing ever comes. Throws RpcError.
 */
export async function hearsItself(database: Database, ms = 2000): Promise<boolean> {
  // Its own: another server that looks at the same time is not to be heard.
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

import { openDatabase } from '../../src/database/open.ts'
import { startQuickly } from './rule-runs.ts'

/** Applies the rules of the database named by its argument, and tells of each batch, until it is killed. */
const database = await openDatabase({
  url: process.argv[2],
  onError(error) {
    throw error
  },
})
startQuickly(database, { onExpired: (_resource, rows) => process.stdout.write(`${rows}\n`) })
setInterval(() => undefined, 60_000)

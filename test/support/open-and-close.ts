import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../src/database/open.ts'

/**
 * Opens the database of its arguments (`url` or `dataDir` and its value), uses all of it, closes it and tells
 * what is still open. Then it must end by itself.
 */
const [kind = '', value] = process.argv.slice(2)
const database = await openDatabase({
  [kind]: value,
  onError(error) {
    throw error
  },
})
await Promise.all([1, 2, 3].map(() => database.ping()))
await database.transaction(inner => inner.run({ name: undefined, sql: 'select 1', parameters: [] }, []))
await database.listen('daybook_test', () => undefined)
await database.close()
// Sockets that have said goodbye take a moment to go; a forgotten pool would keep its own for ten seconds.
await sleep(1000)
const open = process.getActiveResourcesInfo().filter(name => /tcp|socket|timeout|immediate|fs/i.test(name))
process.stdout.write(JSON.stringify(open))

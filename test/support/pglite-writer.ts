import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'

/** Inserts rows into a PGlite in the folder named by its argument, and tells each id once it is acknowledged. */
const database = await openDatabase({
  dataDir: process.argv[2] ?? '',
  onError(error) {
    throw error
  },
})
await migrate(database)
const insert = {
  name: undefined,
  sql: "insert into js_result (js_worker_name, run_type) values ('w', 'r') returning id",
  parameters: [],
}
for (;;) {
  const { rows } = await database.run(insert, [])
  process.stdout.write(`${rows[0]?.[0]}\n`)
}

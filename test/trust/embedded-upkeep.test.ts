import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { filledFolder } from './daybook-process.ts'
import { feltBeside, report } from './other-client.ts'

/** Rows that live at a time, and how many of them there are written in all: each is deleted when it is the oldest. */
const living = 12_000
const written = 70_000
const batch = 200

/** Beside the rows: what the log may take, with a checkpoint every 8 MB, and the statistics. */
const fixedBytes = 20e6

test('a folder whose rows come and go stays within twice those that live, and nobody waits long for its upkeep', {
  timeout: 120_000,
}, async () => {
  const dataDir = await filledFolder()
  const database = await openDatabase({ dataDir, onError: fail })
  const empty = await folderBytes(dataDir)
  const felt = await feltBeside({ ask: () => database.ping() }, async () => {
    for (let first = 1; first <= written; first += batch) {
      await database.run(insert, [first, batch])
      await database.run(remove, [first - living])
      await sleep(20)
    }
  })
  const grown = (await folderBytes(dataDir)) - empty
  const rows = await liveBytes(database)
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  report(`upkeep: ${megabytes(grown)} more for ${megabytes(rows)} of live rows; a ping beside it`, felt)
  expect(grown).toBeLessThan(2 * rows + fixedBytes)
  expect(felt).toMatchObject({ refused: 0 })
  expect(felt.worst).toBeLessThan(2000)
  await database.close()
})

const insert = rawStatement(`
  insert into js_result (id, js_worker_name, run_type, start_time, param)
  overriding system value select n, 'w' || n % 7, 'r', now(), jsonb_build_object('n', n, 'text', repeat(md5(n::text), 8))
  from generate_series($1::bigint, $1::bigint + $2::int - 1) as n`)

const remove = rawStatement('delete from js_result where id < $1')

/** Of a copy that holds nothing else. */
async function liveBytes(database: Database): Promise<number> {
  const run = (sql: string) => database.run({ name: undefined, sql, parameters: [] }, [])
  await run('create table copy (like js_result including all)')
  await run('insert into copy overriding system value select * from js_result')
  return Number((await run("select pg_total_relation_size('copy')")).rows[0]?.[0])
}

async function folderBytes(folder: string): Promise<number> {
  const paths = await readdir(folder, { recursive: true })
  // Files come and go meanwhile.
  const sizes = paths.map(path =>
    stat(join(folder, path)).then(
      file => (file.isFile() ? file.size : 0),
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

function fail(error: unknown): never {
  throw error
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { pendingMigrations } from '../../src/database/migrate.ts'
import { openPGlite } from '../../src/database/pglite.ts'
import { prepareFolder } from '../../src/database/prepare-folder.ts'
import { readPreparedFolder } from '../../src/database/prepared-folder.ts'

test('a new data folder begins with what was prepared, migrated and empty', { timeout: 60_000 }, async () => {
  expect(await prepareFolder()).toBe(await prepareFolder())
  expect(await readPreparedFolder()).toBeInstanceOf(Blob)
  const identifiers = await Promise.all([identifierOfNew(), identifierOfNew()])
  // Each that PGlite makes has one of its own.
  expect(identifiers[0]).toBe(identifiers[1])
})

test('a data folder of earlier, whose log has larger segments, opens as before', {
  timeout: 60_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-earlier-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const earlier = await PGlite.create(join(dataDir, 'database'))
  await earlier.exec('create table kept as select 1 as one')
  await earlier.close()
  const database = await openPGlite({ dataDir, onError: fail })
  onTestFinished(database.close)
  const { rows } = await database.run({ name: undefined, sql: 'select one from kept', parameters: [] }, [])
  expect(rows).toEqual([[1]])
})

async function identifierOfNew(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-prepared-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const database = await openPGlite({ dataDir, onError: fail })
  onTestFinished(database.close)
  expect(await pendingMigrations(database)).toEqual([])
  expect(await database.kysely.selectFrom('js_result').select('id').execute()).toEqual([])
  const query = sql<{ id: string }>`select system_identifier::text as id from pg_control_system()`
  const { rows } = await query.execute(database.kysely)
  return rows[0]?.id ?? ''
}

function fail(error: unknown): never {
  throw error
}

import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { migrate, pendingMigrations } from '../../src/database/migrate.ts'
import { migrationFolder, readMigrations } from '../../src/database/migration-file.ts'
import { openDatabase } from '../../src/database/open.ts'
import { StartError } from '../../src/database/start-error.ts'
import { createEmptyPostgres, describeEngines } from '../support/databases.ts'

describeEngines('migrations', open => {
  test('are applied in order, once', async () => {
    const database = await open()
    expect(await pendingMigrations(database)).toEqual([])
    const folder = await copyOfMigrations()
    await addMigration(folder, '9002_second', 'insert into extra values (2)')
    await addMigration(folder, '9001_first', 'create table extra (id int8); insert into extra values (1)')
    expect(await pendingMigrations(database, { folder })).toEqual(['9001_first', '9002_second'])
    expect(await migrate(database, { folder })).toEqual({ applied: ['9001_first', '9002_second'] })
    expect(await migrate(database, { folder })).toEqual({ applied: [] })
    expect(await pendingMigrations(database, { folder })).toEqual([])
    expect(await ids(database)).toEqual([1, 2])
  })

  test('leave nothing behind where one fails, and keep those before it', async () => {
    const database = await open()
    const folder = await copyOfMigrations()
    await addMigration(folder, '9001_good', 'create table extra (id int8)')
    await addMigration(folder, '9002_bad', 'insert into extra values (1); select 1 / 0')
    await expect(migrate(database, { folder })).rejects.toThrow(/9002_bad.*division by zero/)
    expect(await pendingMigrations(database, { folder })).toEqual(['9002_bad'])
    expect(await ids(database)).toEqual([])
  })

  test('that changed after they were applied are refused', async () => {
    const database = await open()
    const folder = await copyOfMigrations()
    await appendFile(new URL('0001_core.sql', folder), '-- a change')
    await expect(migrate(database, { folder })).rejects.toThrow(StartError)
    await expect(pendingMigrations(database, { folder })).rejects.toThrow('0001_core')
  })

  test('of a newer Daybook are refused', async () => {
    const database = await open()
    const folder = await copyOfMigrations()
    await addMigration(folder, '9001_newer', 'select 1')
    await migrate(database, { folder })
    await expect(migrate(database)).rejects.toThrow(StartError)
    await expect(pendingMigrations(database)).rejects.toThrow('9001_newer')
  })

  test('go on in a database that was made before the queue had a table of its own, and take what waits along', async () => {
    const database = await open()
    const made = await describeQueue(database)
    await sql
      .raw(
        `drop table event_job;
         create schema daybook_queue;
         create type daybook_queue.job_state as enum ('created', 'retry', 'active', 'completed', 'cancelled', 'failed');
         create table daybook_queue.job (name text, id uuid, state daybook_queue.job_state, group_id text, data jsonb,
           start_after timestamptz, created_on timestamptz default now(), primary key (name, id));
         insert into daybook_queue.job (name, id, state, group_id, data, start_after) values
           ('event', '00000000-0000-0000-0000-000000000001', 'created', 'a.b', '{"row":7}', '2026-01-01Z'),
           ('remote.3', '00000000-0000-0000-0000-000000000002', 'active', 'c', '{"row":8}', '2026-01-02Z'),
           ('event', '00000000-0000-0000-0000-000000000003', 'failed', 'c', '{"row":9}', '2026-01-03Z');
         delete from migration where name = '0011_queue_of_old';
         update migration set checksum = '541e88b82965c746303e95ea15f72ccbda3e9a559b46359822b99fc496c8d563'
         where name = '0002_event';
         update migration set checksum = '56e4ee6b73689d2ee36594da7758cbf3183318b112eefdb980807da0a6e81c9a'
         where name = '0003_queue'`,
      )
      .execute(database.kysely)
    expect(await migrate(database)).toEqual({ applied: ['0011_queue_of_old'] })
    const rows = await database.kysely
      .selectFrom('event_job')
      .select(['queue', 'event_log_id', 'full_name', 'start_after', 'is_taken'])
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      {
        queue: 'event',
        event_log_id: 7,
        full_name: 'a.b',
        start_after: new Date('2026-01-01Z'),
        is_taken: false,
      },
      {
        queue: 'remote.3',
        event_log_id: 8,
        full_name: 'c',
        start_after: new Date('2026-01-02Z'),
        is_taken: true,
      },
    ])
    expect(await describeQueue(database)).toEqual(made)
    const left = await sql`select from pg_namespace where nspname = 'daybook_queue'`.execute(database.kysely)
    expect(left.rows).toEqual([])
  })

  test('are written in ASCII, which every client encoding holds', async () => {
    for (const { name, sql: text } of await readMigrations(migrationFolder)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what ASCII begins with
      expect([name, /[^\x00-\x7f]/.exec(text)?.[0]]).toEqual([name, undefined])
    }
  })

  test('count as the same with other line ends', async () => {
    const folder = await copyOfMigrations()
    await writeFile(new URL('9001_lines.sql', folder), 'select 1;\nselect 2;\n')
    const [unix] = (await readMigrations(folder)).slice(-1)
    await writeFile(new URL('9001_lines.sql', folder), 'select 1;\r\nselect 2;\r\n')
    const [windows] = (await readMigrations(folder)).slice(-1)
    expect(windows).toEqual(unix)
    expect(unix?.name).toBe('9001_lines')
  })
})

describe('an empty PostgreSQL', () => {
  test('is migrated once by three servers that start at once', async () => {
    const empty = await createEmptyPostgres()
    const servers = await Promise.all([1, 2, 3].map(() => openDatabase({ url: empty.url, onError: fail })))
    const all = (await readMigrations(migrationFolder)).map(file => file.name)
    const results = await Promise.all(servers.map(server => migrate(server)))
    expect(results.flatMap(result => result.applied).sort()).toEqual(all)
    await Promise.all(servers.map(server => server.close()))
    await empty.drop()
  })

  test('is migrated also where a migration takes longer than a statement may', async () => {
    const empty = await createEmptyPostgres()
    const database = await openDatabase({ url: empty.url, statementTimeoutMs: 100, onError: fail })
    const folder = await copyOfMigrations()
    await addMigration(folder, '9001_slow', 'select pg_sleep(0.3)')
    expect((await migrate(database, { folder })).applied).toContain('9001_slow')
    await database.close()
    await empty.drop()
  })
})

/** The columns and indexes of the queue. */
async function describeQueue({ kysely }: Database): Promise<unknown> {
  const { rows } = await sql`
    select column_name as name, udt_name as type, column_default as rest, is_nullable as more
    from information_schema.columns where table_name = 'event_job'
    union all select indexname, indexdef, null, null from pg_indexes where tablename = 'event_job' order by 1, 2`.execute(
    kysely,
  )
  return rows
}

async function copyOfMigrations(): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await cp(migrationFolder, folder, { recursive: true })
  return pathToFileURL(`${folder}/`)
}

async function addMigration(folder: URL, name: string, text: string): Promise<void> {
  await writeFile(new URL(`${name}.sql`, folder), text)
}

async function ids({ kysely }: Database): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select id from extra order by id`.execute(kysely)
  return rows.map(row => row.id)
}

function fail(error: unknown): never {
  throw error
}

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

  test('go on in a database whose queue was a table, or pg-boss, and take what waits along', async () => {
    const run = (text: string, database: Database) => sql.raw(text).execute(database.kysely)
    for (const isOldest of [true, false]) {
      const database = await open()
      await run('drop schema public cascade; create schema public', database)
      const folder = await copyOfMigrations()
      const after = isOldest ? '0010_sink_outage' : '0011_queue_of_old'
      for (const { name } of await readMigrations(folder)) {
        if (name > after) await rm(new URL(`${name}.sql`, folder))
      }
      await migrate(database, { folder })
      await run(
        `insert into event_log (full_name, event_type, sender, run_type, status, request_id, node_id, attempt, created_time, job_id)
         select 'a', 'e', 's', 'send', status, 'r', 'n', 1, '2025-12-31Z', ('00000000-0000-0000-0000-00000000000' || job)::uuid
         from (values ('waiting', 1), ('running', 2), ('fail', 3), ('waiting', 4), ('waiting', null)) as r(status, job)`,
        database,
      )
      await run(isOldest ? oldestQueue : laterQueue, database)
      const { applied } = await migrate(database)
      expect(applied.slice(0, 2)).toEqual(
        isOldest ? ['0011_queue_of_old', '0012_run_is_job'] : ['0012_run_is_job', ...applied.slice(1, 2)],
      )
      const rows = await database.kysely
        .selectFrom('event_log')
        .select(['status', 'due_time'])
        .orderBy('id')
        .execute()
      expect(rows).toEqual([
        { status: 'waiting', due_time: new Date('2026-01-01Z') },
        { status: 'running', due_time: new Date('2026-01-02Z') },
        { status: 'fail', due_time: null },
        // Its job was lost.
        { status: 'waiting', due_time: new Date('2025-12-31Z') },
        // A client recorded it.
        { status: 'waiting', due_time: null },
      ])
      const left = await sql`select nspname from pg_namespace where nspname = 'daybook_queue'
        union all select tablename from pg_tables where tablename = 'event_job'`.execute(database.kysely)
      expect(left.rows).toEqual([])
    }
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

const oldestQueue = `
  drop table event_job;
  create schema daybook_queue;
  create type daybook_queue.job_state as enum ('created', 'retry', 'active', 'completed', 'cancelled', 'failed');
  create table daybook_queue.job (name text, id uuid, state daybook_queue.job_state, group_id text, data jsonb,
    start_after timestamptz, created_on timestamptz default now(), primary key (name, id));
  insert into daybook_queue.job (name, id, state, group_id, data, start_after) values
    ('event', '00000000-0000-0000-0000-000000000001', 'created', 'a', '{"row":1}', '2026-01-01Z'),
    ('remote.3', '00000000-0000-0000-0000-000000000002', 'active', 'a', '{"row":2}', '2026-01-02Z'),
    ('event', '00000000-0000-0000-0000-000000000003', 'failed', 'a', '{"row":3}', '2026-01-03Z');
  update migration set checksum = '541e88b82965c746303e95ea15f72ccbda3e9a559b46359822b99fc496c8d563'
  where name = '0002_event';
  update migration set checksum = '56e4ee6b73689d2ee36594da7758cbf3183318b112eefdb980807da0a6e81c9a'
  where name = '0003_queue'`

const laterQueue = `
  insert into event_job (id, queue, event_log_id, full_name, start_after, is_taken) values
    ('00000000-0000-0000-0000-000000000001', 'event', 1, 'a', '2026-01-01Z', false),
    ('00000000-0000-0000-0000-000000000002', 'remote.3', 2, 'a', '2026-01-02Z', true)`

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

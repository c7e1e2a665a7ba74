import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as PgClient } from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { Database } from '../../src/database/database.ts'
import { migrate, pendingMigrations } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import { createEmptyPostgres, createTestPostgres } from '../support/databases.ts'
import type { PostgresDatabase } from '../support/postgres-database.ts'
import { secrets, startOn } from '../wire/support/app.ts'

interface Tenant {
  readonly role: string
  readonly url: string
}

async function ask(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new PgClient({ connectionString: url })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** A database in which nobody may do anything unless it is granted; removed with its roles when the test ends. */
async function closedDatabase(creating: Promise<PostgresDatabase>): Promise<PostgresDatabase> {
  const database = await creating
  onTestFinished(database.drop)
  await ask(
    database.url,
    'revoke all on schema public from public',
    `revoke create, temporary on database ${database.name} from public`,
  )
  return database
}

/** A role without any right but to connect. */
async function newRole({ url }: PostgresDatabase): Promise<Tenant> {
  const role = `daybook_role_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await ask(url, `create role ${role} login password '${password}'`)
  onTestFinished(async () => {
    await ask(url, `drop owned by ${role}`)
    await ask(inject('postgresUrl'), `drop role ${role}`)
  })
  const own = new URL(url)
  own.username = role
  own.password = password
  return { role, url: own.href }
}

/** A role whose only place is a schema of its name. */
async function newTenant(database: PostgresDatabase): Promise<Tenant> {
  const tenant = await newRole(database)
  await ask(database.url, `create schema ${tenant.role} authorization ${tenant.role}`)
  return tenant
}

async function open({ url }: { readonly url: string }): Promise<Database> {
  const database = await openDatabase({ url, onError: () => undefined })
  onTestFinished(() => database.close())
  return database
}

/** A server of this role, and its super token's client. */
async function serve({ url }: Tenant) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-schema-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const env = { DAYBOOK_DATA: folder, DATABASE_URL: url }
  const app = await startOn({ env, postgresUrl: url, remove: async () => undefined })
  onTestFinished(() => app.close())
  return createClient({ url: app.url, token: secrets.root })
}

test('a role with nothing but a schema of its own runs a server: records, events, scripts and streams', async () => {
  const database = await closedDatabase(createEmptyPostgres())
  const tenant = await newTenant(database)
  const client = await serve(tenant)
  await client.call('js-worker_create', {
    name: 'double',
    js_script_base64: Buffer.from('export default { onEvent: ({ n }) => ({ n: 2 * n }) }').toString('base64'),
  })
  const target = { kind: 'js_worker', name: 'double' } as const
  await client.call('event-handler_create', { full_name: 'own.double', sender: '*', target })
  const seen = client.subscribe('js-result', [{ js_worker_name: 'w' }], { after: 0 }).next()
  await client.append('js-result', [{ js_worker_name: 'w', start_time: 1, result: { a: 1 } }])
  expect(await client.query('js-result', [{ result_contains: { a: 1 } }])).toHaveLength(1)
  expect((await seen).value?.row).toMatchObject({ js_worker_name: 'w' })
  const sent = await client.send({ sender: 's', kwargs: { n: 4 } }, { waitMs: 20_000 })
  expect(sent.event_logs).toMatchObject([{ status: 'success' }])
  expect(await client.delete('js-result', [{ js_worker_name: 'w' }])).toMatchObject({ deleted: 1 })
  // Everything lies in the one schema.
  const schemas = await ask(
    database.url,
    `select distinct nspname from pg_class join pg_namespace n on n.oid = relnamespace
     where nspname not like 'pg\\_%' and nspname <> 'information_schema'`,
  )
  expect(schemas).toEqual([{ nspname: tenant.role }])
})

test('two of them in one database, and one in public, know nothing of each other', async () => {
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  const one = await newTenant(database)
  const other = await newTenant(database)
  // What is in public may be seen, and is not taken for theirs.
  await ask(database.url, 'grant select on all tables in schema public to public')
  expect(await pendingMigrations(await open(one))).not.toEqual([])
  const [first, second] = await Promise.all([serve(one), serve(other)])
  await first.append('js-result', [{ js_worker_name: 'w' }])
  expect(await first.count('js-result', [])).toBe(1)
  expect(await second.count('js-result', [])).toBe(0)
  expect(await ask(database.url, 'select from public.js_result')).toEqual([])
})

test('a role that has no schema, or may make nothing in it, is told of the grant that helps', async () => {
  const database = await closedDatabase(createEmptyPostgres())
  const { role, url } = await newRole(database)
  await expect(open({ url })).rejects.toThrow(`create schema ${role} authorization ${role}`)
  await ask(database.url, `grant usage on schema public to ${role}`)
  await expect(migrate(await open({ url }))).rejects.toThrow(`grant create on schema public to ${role}`)
  await ask(database.url, `grant create on schema public to ${role}`)
  expect((await migrate(await open({ url }))).applied).not.toEqual([])
})

test('a role that does not own the tables is told of the grants that it lacks, and then serves', async () => {
  const database = await closedDatabase(createTestPostgres())
  const tenant = await newRole(database)
  const { role } = tenant
  await ask(database.url, `grant usage on schema public to ${role}`)
  const grants = [
    `grant select, insert, update, delete on all tables in schema public to ${role}`,
    `grant usage on all sequences in schema public to ${role}`,
  ]
  for (const grant of grants) {
    await expect(migrate(await open(tenant))).rejects.toThrow(grant)
    await ask(database.url, grant)
  }
  const client = await serve(tenant)
  expect(await client.append('js-result', [{ js_worker_name: 'w' }])).toHaveLength(1)
})

test.each(['SQL_ASCII', 'LATIN1'])('a database in %s is refused before anything is made', async encoding => {
  const name = `daybook_test_${randomBytes(6).toString('hex')}`
  const server = inject('postgresUrl')
  await ask(
    server,
    `create database ${name} encoding '${encoding}' locale_provider libc locale 'C' template template0`,
  )
  onTestFinished(async () => void (await ask(server, `drop database ${name}`)))
  const url = new URL(server)
  url.pathname = `/${name}`
  await expect(openDatabase({ url: url.href, onError: () => undefined })).rejects.toThrow(encoding)
  expect(await ask(url.href, `select from pg_class where relname = 'migration'`)).toEqual([])
})

test('a role whose times come in another form than ISO is refused', async () => {
  const database = await createEmptyPostgres()
  onTestFinished(database.drop)
  await ask(database.url, `alter database ${database.name} set datestyle = 'German'`)
  await expect(openDatabase({ url: database.url, onError: () => undefined })).rejects.toThrow('datestyle')
})

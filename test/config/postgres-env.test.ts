import pg from 'pg'
import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const connection = (env: Readonly<Record<string, string>>) => {
  const { databaseUrl } = readConfig({ env })
  return new pg.Client({ connectionString: databaseUrl })
}

test('PGHOST chooses PostgreSQL, and its kin say which', () => {
  const env = {
    PGHOST: 'db.example',
    PGPORT: '6432',
    PGUSER: 'u ser',
    PGPASSWORD: 'p@ss/w?#%41&=+ü',
    PGDATABASE: 'day book',
  }
  expect(connection(env)).toMatchObject({
    host: 'db.example',
    port: 6432,
    user: 'u ser',
    password: 'p@ss/w?#%41&=+ü',
    database: 'day book',
    ssl: false,
  })
})

test('a socket folder and an IPv6 address are hosts, PGSSLMODE is honoured', () => {
  expect(connection({ PGHOST: '/var/run/postgresql' })).toMatchObject({ host: '/var/run/postgresql' })
  const env = { PGHOST: '::1', PGDATABASE: 'a/b', PGSSLMODE: 'no-verify' }
  expect(connection(env)).toMatchObject({ host: '::1', database: 'a/b', ssl: { rejectUnauthorized: false } })
})

test('without PGHOST the others choose nothing', () => {
  const env = { PGUSER: 'me', PGDATABASE: 'mine', PGPASSWORD: 'x', PGPORT: 'none', PGSSLMODE: 'require' }
  expect(readConfig({ env }).databaseUrl).toBeUndefined()
  expect(readConfig({ env: { ...env, PGHOST: '' } }).databaseUrl).toBeUndefined()
})

test('DATABASE_URL wins, and so does the flag', () => {
  const url = 'postgres://db/daybook'
  expect(readConfig({ env: { PGHOST: 'other', DATABASE_URL: url } }).databaseUrl).toBe(url)
  expect(readConfig({ env: { PGHOST: 'a,b' }, flags: { DATABASE_URL: url } }).databaseUrl).toBe(url)
})

test('a replica may stand beside PGHOST', () => {
  const env = { PGHOST: 'db', DATABASE_READ_URL: 'postgres://replica' }
  expect(readConfig({ env })).toMatchObject({ databaseReadUrl: 'postgres://replica' })
})

test.each([{ PGHOST: 'a,b' }, { PGHOST: 'db', PGPORT: '1,2' }, { PGHOST: 'db', PGPORT: 'hunter2' }])(
  '%j is a fault that does not show the value',
  env => {
    expect(() => readConfig({ env })).toThrow(ConfigError)
    expect(() => readConfig({ env })).not.toThrow('hunter2')
  },
)

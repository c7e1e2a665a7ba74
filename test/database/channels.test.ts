import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { channels } from '../../src/database/channels.ts'
import { locks } from '../../src/database/locks.ts'

const folder = new URL('../../sql/', import.meta.url)
const sql = readdirSync(folder)
  .filter(name => name.endsWith('.sql'))
  .map(name => readFileSync(new URL(name, folder), 'utf8'))
  .join()

test('every channel that the migrations notify is one of ours', () => {
  const notified = [...sql.matchAll(/pg_notify\('(\w+)'/g)].map(match => match[1])
  expect(notified.length).toBeGreaterThan(0)
  expect(Object.values(channels)).toEqual(expect.arrayContaining(notified))
})

test('every lock has a key of its own, which no migration uses for another', () => {
  const keys = [...Object.values(locks), ...new Set([...sql.matchAll(/7411\d{6}/g)].map(Number))]
  expect(new Set(keys).size).toBe(keys.length)
})

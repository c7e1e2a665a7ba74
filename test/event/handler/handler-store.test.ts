import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { createStore } from '../../../src/definition/store.ts'
import { eventHandler, type HandlerDefinition } from '../../../src/event/handler/handler.ts'
import { changeOf, disableHandler, fireTimeOf } from '../../../src/event/handler/handler-change.ts'
import { compilePattern } from '../../../src/permission/pattern.ts'
import { createSealer } from '../../../src/seal.ts'
import { describeEngines } from '../../support/databases.ts'
import { define, handlers, insert, now, sealer } from '../definitions.ts'

const hourly = { cron: '0 * * * *', tz: 'UTC' }
const hour = 60 * 60 * 1000
const webhook = {
  target: { kind: 'webhook', url: 'https://example.com/hook' },
  secrets: ['new', 'old'],
} as const

describeEngines('the store of handlers', open => {
  let database: Database

  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await database.kysely.deleteFrom('event_handler').execute()
  })

  /** Updates as a method does: the handler is locked and changed in one transaction. */
  function update(fullName: string, change: Partial<HandlerDefinition>, at = now + 1) {
    return database.transaction(async runner => {
      const before = await handlers.lock(runner, fullName)
      if (before === undefined) throw new Error('no handler')
      const values = { ...changeOf(before, change, at), owner: [{ tokenKey: 'other' }] }
      return handlers.update(runner, fullName, values, at)
    })
  }

  function sealedOf(fullName: string) {
    const query = database.kysely.selectFrom('event_handler').select(['secrets', 'target'])
    return query.where('full_name', '=', fullName).executeTakeFirstOrThrow()
  }

  test.each([
    ['local', { target: { kind: 'local' } }],
    ['js_worker', { target: { kind: 'js_worker', name: 'worker' } }],
    ['webhook', webhook],
    ['remote', { target: { kind: 'remote' } }],
  ] as const)('gives back what was stored, its target %s', async (_kind, placed) => {
    const definition = define('a.b', {
      ...placed,
      sender: compilePattern('shop.*'),
      event_type: compilePattern('order'),
      retry: { limit: 0, delay_ms: 5, backoff: false },
      timeout_ms: 100,
      concurrency: 7,
      schedule: { cron: '0 9 * * *', tz: 'Europe/Berlin' },
      description: 'says "what"\nit does',
    })
    const limited = [{ tokenKey: 'key', limit: [{ scopes: ['global' as const], permissions: [] }] }]
    const made = { ...definition, owner: limited, next_fire_time: fireTimeOf(definition, now) }
    const inserted = await handlers.insert(database, made, now)
    const found = await handlers.find(database, 'a.b')
    for (const handler of [inserted, found]) {
      expect(handler).toMatchObject({
        ...definition,
        sender: { text: 'shop.*' },
        event_type: { text: 'order' },
        owner: limited,
        next_fire_time: Date.UTC(2026, 0, 1, 8),
        created_time: now,
        updated_time: now,
      })
    }
    expect(found?.id).toBe(inserted?.id)
  })

  test('finds nothing under another name', async () => {
    await insert(database, 'a')
    expect(await handlers.find(database, 'A')).toBeUndefined()
  })

  test('lists in order of the names', async () => {
    for (const name of ['b', 'a', 'B', 'a.b']) await insert(database, name)
    const listed = await handlers.list(database)
    expect(listed.map(handler => handler.full_name)).toEqual(['B', 'a', 'a.b', 'b'])
  })

  test('lets only one of many have a name', async () => {
    const attempts = Array.from({ length: 8 }, () => insert(database, 'only'))
    const settled = await Promise.allSettled(attempts)
    expect(settled.filter(each => each.status === 'fulfilled')).toHaveLength(1)
  })

  test('replaces a definition, its owner and its time', async () => {
    const { id } = await insert(database, 'a', webhook)
    const changed = await update('a', {
      target: { kind: 'js_worker', name: 'w' },
      secrets: [],
      timeout_ms: 5000,
    })
    expect(changed).toMatchObject({
      id,
      target: { kind: 'js_worker', name: 'w' },
      timeout_ms: 5000,
      owner: [{ tokenKey: 'other' }],
      created_time: now,
      updated_time: now + 1,
    })
    expect((await sealedOf('a')).secrets).toBeNull()
  })

  test('removes and disables once', async () => {
    const { id } = await insert(database, 'a', { schedule: hourly })
    expect(await disableHandler(database, id, now + 5)).toBe(true)
    const disabled = await handlers.find(database, 'a')
    expect(disabled).toMatchObject({ enabled: false, next_fire_time: null, updated_time: now + 5 })
    expect(await disableHandler(database, id, now + 6)).toBe(false)
    expect(await handlers.remove(database, 'a')).toBe(true)
    expect(await handlers.remove(database, 'a')).toBe(false)
    expect(await handlers.find(database, 'a')).toBeUndefined()
  })

  describe('the secrets of a webhook', () => {
    test('cannot be read in the table', async () => {
      await insert(database, 'a', webhook)
      const row = await sealedOf('a')
      expect(row.target).toEqual({ url: webhook.target.url })
      expect(sealer.open(row.secrets ?? '')).toBe('["new","old"]')
      expect(row.secrets).not.toMatch(/new|old/)
    })

    test('stay sealed as they are while they are not changed', async () => {
      await insert(database, 'a', webhook)
      const before = await sealedOf('a')
      await update('a', { timeout_ms: 500 })
      expect(await sealedOf('a')).toEqual(before)
      await update('a', { secrets: ['newer', 'new'] })
      expect(await handlers.find(database, 'a')).toMatchObject({ ...webhook, secrets: ['newer', 'new'] })
    })

    test('are none under another key, which neither loses them nor hides other handlers', async () => {
      await insert(database, 'a', webhook)
      await insert(database, 'b')
      const stranger = createStore(eventHandler, createSealer('t'.repeat(32)))
      const [a, b] = await stranger.list(database)
      expect(a).toMatchObject({ ...webhook, secrets: [] })
      expect(b).toMatchObject({ target: { kind: 'remote' } })
      if (a === undefined) throw new Error('no handler')
      await stranger.update(database, 'a', changeOf(a, { ...a, timeout_ms: 500 }, now), now)
      expect(await handlers.find(database, 'a')).toMatchObject({ ...webhook, timeout_ms: 500 })
    })
  })

  describe('the next firing', () => {
    test.each([
      ['without a schedule', {}, null],
      ['while disabled', { schedule: hourly, enabled: false }, null],
      ['of a schedule', { schedule: hourly }, now + hour],
    ])('%s', async (_what, rest, expected) => {
      expect(await insert(database, 'a', rest)).toHaveProperty('next_fire_time', expected)
    })

    test('is not lost to a change of something else while it is due', async () => {
      await insert(database, 'a', { schedule: hourly })
      const changed = await update('a', { timeout_ms: 500 }, now + 3 * hour)
      expect(changed?.next_fire_time).toBe(now + hour)
    })

    test('is counted anew when the schedule changes or the handler is enabled', async () => {
      await insert(database, 'a', { schedule: hourly })
      const daily = await update('a', { schedule: { cron: '0 12 * * *', tz: 'UTC' } }, now + 1)
      expect(daily?.next_fire_time).toBe(now + 12 * hour)
      expect(await update('a', { enabled: false }, now + 1)).toHaveProperty('next_fire_time', null)
      const enabled = await update('a', { enabled: true }, now + 13 * hour)
      expect(enabled?.next_fire_time).toBe(now + 36 * hour)
      expect(await update('a', { schedule: null })).toHaveProperty('next_fire_time', null)
    })
  })
})

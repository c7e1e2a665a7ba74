import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import {
  disableHandler,
  findHandler,
  type HandlerDefinition,
  insertHandler,
  listHandlers,
  lockHandler,
  removeHandler,
  updateHandler,
} from '../../../src/event/handler/handler-store.ts'
import { compilePattern } from '../../../src/permission/pattern.ts'
import { createSealer } from '../../../src/seal.ts'
import { describeEngines } from '../../support/databases.ts'
import { define, insert, now, owner, sealer } from '../definitions.ts'

const hourly = { cron: '0 * * * *', tz: 'UTC' }
const hour = 60 * 60 * 1000
const webhook = { kind: 'webhook', url: 'https://example.com/hook', secrets: ['new', 'old'] } as const

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
      const before = await lockHandler(runner, sealer, fullName)
      if (before === undefined) throw new Error('no handler')
      const definition = { ...before, ...change }
      return updateHandler(runner, sealer, before, { definition, owner: [{ tokenKey: 'other' }], now: at })
    })
  }

  function sealedOf(fullName: string) {
    const query = database.kysely.selectFrom('event_handler').select(['secrets', 'target'])
    return query.where('full_name', '=', fullName).executeTakeFirstOrThrow()
  }

  test.each([
    ['local', { kind: 'local' }],
    ['js_worker', { kind: 'js_worker', name: 'worker' }],
    ['webhook', webhook],
    ['remote', { kind: 'remote' }],
  ] as const)('gives back what was stored, its target %s', async (_kind, target) => {
    const definition = define('a.b', {
      target,
      sender: compilePattern('shop.*'),
      eventType: compilePattern('order'),
      retry: { limit: 0, delayMs: 5, backoff: false },
      timeoutMs: 100,
      concurrency: 7,
      schedule: { cron: '0 9 * * *', tz: 'Europe/Berlin' },
      description: 'says "what"\nit does',
    })
    const limited = [{ tokenKey: 'key', limit: [{ scopes: ['global' as const], permissions: [] }] }]
    const inserted = await insertHandler(database, sealer, { definition, owner: limited, now })
    const found = await findHandler(database, sealer, 'a.b')
    for (const handler of [inserted, found]) {
      expect(handler).toMatchObject({
        ...definition,
        sender: { text: 'shop.*' },
        eventType: { text: 'order' },
        owner: limited,
        nextFireTime: Date.UTC(2026, 0, 1, 8),
        createdTime: now,
        updatedTime: now,
      })
    }
    expect(found?.id).toBe(inserted.id)
  })

  test('finds nothing under another name', async () => {
    await insert(database, 'a')
    expect(await findHandler(database, sealer, 'A')).toBeUndefined()
  })

  test('lists in order of the names', async () => {
    for (const name of ['b', 'a', 'B', 'a.b']) await insert(database, name)
    const listed = await listHandlers(database, sealer)
    expect(listed.map(handler => handler.fullName)).toEqual(['B', 'a', 'a.b', 'b'])
  })

  test('lets only one of many have a name', async () => {
    const attempts = Array.from({ length: 8 }, () => insert(database, 'only'))
    const settled = await Promise.allSettled(attempts)
    expect(settled.filter(each => each.status === 'fulfilled')).toHaveLength(1)
    for (const each of settled) {
      if (each.status === 'fulfilled') continue
      expect(each.reason).toMatchObject({ code: 109, data: { reason: 'name_in_use', path: 'full_name' } })
    }
  })

  test('replaces a definition, its owner and its time', async () => {
    const { id } = await insert(database, 'a', { target: webhook })
    const changed = await update('a', { target: { kind: 'js_worker', name: 'w' }, timeoutMs: 5000 })
    expect(changed).toMatchObject({
      id,
      target: { kind: 'js_worker', name: 'w' },
      timeoutMs: 5000,
      owner: [{ tokenKey: 'other' }],
      createdTime: now,
      updatedTime: now + 1,
    })
    expect((await sealedOf('a')).secrets).toBeNull()
  })

  test('removes and disables once', async () => {
    const { id } = await insert(database, 'a', { schedule: hourly })
    expect(await disableHandler(database, id, now + 5)).toBe(true)
    const disabled = await findHandler(database, sealer, 'a')
    expect(disabled).toMatchObject({ enabled: false, nextFireTime: null, updatedTime: now + 5 })
    expect(await disableHandler(database, id, now + 6)).toBe(false)
    expect(await removeHandler(database, id)).toBe(true)
    expect(await removeHandler(database, id)).toBe(false)
    expect(await findHandler(database, sealer, 'a')).toBeUndefined()
  })

  describe('the secrets of a webhook', () => {
    test('cannot be read in the table', async () => {
      await insert(database, 'a', { target: webhook })
      const row = await sealedOf('a')
      expect(row.target).toEqual({ url: webhook.url })
      expect(sealer.open(row.secrets ?? '')).toBe('["new","old"]')
      expect(row.secrets).not.toMatch(/new|old/)
    })

    test('stay sealed as they are while they are not changed', async () => {
      await insert(database, 'a', { target: webhook })
      const before = await sealedOf('a')
      await update('a', { timeoutMs: 500 })
      expect(await sealedOf('a')).toEqual(before)
      await update('a', { target: { ...webhook, secrets: ['newer', 'new'] } })
      const changed = await findHandler(database, sealer, 'a')
      expect(changed?.target).toEqual({ ...webhook, secrets: ['newer', 'new'] })
    })

    test('are none under another key, which neither loses them nor hides other handlers', async () => {
      await insert(database, 'a', { target: webhook })
      await insert(database, 'b')
      const stranger = createSealer('t'.repeat(32))
      const listed = await listHandlers(database, stranger)
      expect(listed.map(each => each.target)).toEqual([{ ...webhook, secrets: [] }, { kind: 'remote' }])
      await database.transaction(async runner => {
        const before = await lockHandler(runner, stranger, 'a')
        if (before === undefined) throw new Error('no handler')
        const definition = { ...before, timeoutMs: 500 }
        await updateHandler(runner, stranger, before, { definition, owner, now })
      })
      expect(await findHandler(database, sealer, 'a')).toMatchObject({ target: webhook, timeoutMs: 500 })
    })
  })

  describe('the next firing', () => {
    test.each([
      ['without a schedule', {}, null],
      ['while disabled', { schedule: hourly, enabled: false }, null],
      ['of a schedule', { schedule: hourly }, now + hour],
    ])('%s', async (_what, rest, expected) => {
      expect(await insert(database, 'a', rest)).toHaveProperty('nextFireTime', expected)
    })

    test('is not lost to a change of something else while it is due', async () => {
      await insert(database, 'a', { schedule: hourly })
      const changed = await update('a', { timeoutMs: 500 }, now + 3 * hour)
      expect(changed.nextFireTime).toBe(now + hour)
    })

    test('is counted anew when the schedule changes or the handler is enabled', async () => {
      await insert(database, 'a', { schedule: hourly })
      const daily = await update('a', { schedule: { cron: '0 12 * * *', tz: 'UTC' } }, now + 1)
      expect(daily.nextFireTime).toBe(now + 12 * hour)
      expect(await update('a', { enabled: false }, now + 1)).toHaveProperty('nextFireTime', null)
      const enabled = await update('a', { enabled: true }, now + 13 * hour)
      expect(enabled.nextFireTime).toBe(now + 36 * hour)
      expect(await update('a', { schedule: null })).toHaveProperty('nextFireTime', null)
    })
  })
})

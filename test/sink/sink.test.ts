import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createSealer } from '../../src/seal.ts'
import { batchesOf } from '../../src/sink/destination.ts'
import { pauseSink, resumeSink } from '../../src/sink/store.ts'
import { describeEngines, openTestDatabase } from '../support/databases.ts'
import {
  makeSink,
  numberChanges,
  numbersTo,
  record,
  startReceiver,
  startSinkServer,
  store,
  stored,
  whenSink,
} from './sink-setup.ts'

describeEngines('a sink', open => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterEach(async () => {
    await database.kysely.deleteFrom('sink').execute()
  })

  test('posts the changes that fulfil its conditions, signed, in order, each with its number', async () => {
    const receiver = await startReceiver()
    const headers = { authorization: 'Bearer x' }
    const { name, cursor } = await makeSink(database, { ...receiver.target, headers }, { batch_size: 4 })
    await startSinkServer(database)
    await record(database, name, 6)
    await record(database, 'somebody else', 3)
    await record(database, name, 3, 7)
    const sink = await whenSink(database, name, ({ delivered }) => delivered === 9)
    expect(sink).toMatchObject({ state: 'running', failures: 0, last_error: null, cursor: cursor + 12 })
    expect(receiver.confirmed()).toEqual(numbersTo(9))
    const items = receiver.posts.flatMap(post => post.body.items)
    const numbers = [1, 2, 3, 4, 5, 6, 10, 11, 12].map(n => cursor + n)
    expect(items.map(item => item.sequence_number)).toEqual(numbers)
    expect(Math.max(...receiver.posts.map(post => post.body.items.length))).toBe(4)
    for (const { headers, body, text } of receiver.posts) {
      expect(body).toEqual({ sink: name, resource: 'js-result', items: body.items })
      const [first, last] = [body.items[0], body.items.at(-1)].map(item => item?.sequence_number)
      expect(headers).toMatchObject({
        'webhook-id': `${name}_${first}-${last}`,
        'daybook-attempt': '1',
        authorization: 'Bearer x',
      })
      expect(() => new Webhook(receiver.target.secret ?? '').verify(text, headers)).not.toThrow()
    }
    // Updates are changes too, and the row is the one there is now.
    await database.kysely
      .updateTable('js_result')
      .set({ error_message: 'late' })
      .where('js_worker_name', '=', name)
      .where(
        'id',
        '=',
        database.kysely.selectFrom('js_result').select(({ fn }) => fn.max('id').as('id')),
      )
      .execute()
    await numberChanges(database)
    await whenSink(database, name, ({ delivered }) => delivered === 10)
    expect(receiver.posts.at(-1)?.body.items[0]?.row).toMatchObject({
      param: { n: 9 },
      error_message: 'late',
    })
  })

  test('sends a batch again until it is confirmed, without a hole', async () => {
    const receiver = await startReceiver((_post, index) => (index % 3 === 0 ? 503 : 200))
    const { name } = await makeSink(database, receiver.target, { batch_size: 2 })
    const server = await startSinkServer(database)
    await record(database, name, 6)
    await whenSink(database, name, ({ delivered }) => delivered === 6)
    expect(receiver.confirmed()).toEqual(numbersTo(6))
    expect(server.failures).toEqual([name, name])
    const [first, second] = receiver.posts
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.headers['daybook-attempt']).toBe('2')
  })

  test('goes on by itself however often its target was away, at most five minutes later', async () => {
    let isUp = false
    const receiver = await startReceiver(() => (isUp ? 200 : 503))
    const { name, cursor } = await makeSink(database, receiver.target)
    // As many as there are in 72 hours.
    await database.kysely.updateTable('sink').set({ failures: 900 }).where('name', '=', name).execute()
    await startSinkServer(database)
    await record(database, name, 5)
    const failing = await whenSink(database, name, ({ failures }) => failures === 901)
    expect(failing).toMatchObject({ state: 'running', fail_reason: null, cursor, delivered: 0 })
    expect(failing.last_error).toMatch(/^webhook_failed: http_status 503/)
    const waits = (failing.next_attempt_time ?? 0) - Date.now()
    expect(waits).toBeGreaterThan(100_000)
    expect(waits).toBeLessThanOrEqual(300_000)
    isUp = true
    // Those minutes have passed.
    await database.kysely
      .updateTable('sink')
      .set({ next_attempt_time: new Date(), owner: null })
      .where('name', '=', name)
      .execute()
    const sink = await whenSink(database, name, ({ delivered }) => delivered === 5)
    expect(sink).toMatchObject({ state: 'running', failures: 0, last_error: null })
    expect(receiver.confirmed()).toEqual(numbersTo(5))
  })

  test('fails at once where it is refused, keeps its place, and goes on when it is resumed', async () => {
    let isUp = false
    const receiver = await startReceiver(() => (isUp ? 200 : 404))
    const { name, cursor } = await makeSink(database, receiver.target)
    await startSinkServer(database)
    await record(database, name, 5)
    const failed = await whenSink(database, name, ({ state }) => state === 'failed')
    expect(failed).toMatchObject({
      fail_reason: 'refused',
      failures: 1,
      cursor,
      delivered: 0,
      next_attempt_time: null,
    })
    expect(failed.last_error).toMatch(/^webhook_failed: http_status 404/)
    await record(database, name, 2, 6)
    await sleep(50)
    expect(receiver.posts).toHaveLength(1)
    isUp = true
    expect(await resumeSink(database, name, { now: Date.now() })).toBe(true)
    const sink = await whenSink(database, name, ({ delivered }) => delivered === 7)
    expect(sink).toMatchObject({ state: 'running', fail_reason: null, failures: 0, last_error: null })
    expect(receiver.confirmed()).toEqual(numbersTo(7))
  })
})

describe('a sink', () => {
  let database: Database
  beforeAll(async () => {
    database = await openTestDatabase('postgres')
  })
  afterAll(() => database.close())
  afterEach(async () => {
    await database.kysely.deleteFrom('sink').execute()
  })

  test('shows when it tries again', async () => {
    const receiver = await startReceiver(() => 500)
    const { name } = await makeSink(database, receiver.target)
    await startSinkServer(database)
    await record(database, name, 1)
    const { next_attempt_time } = await whenSink(database, name, ({ failures }) => failures === 3)
    expect(next_attempt_time).toBeGreaterThan(Date.now() - 1000)
    expect(next_attempt_time).toBeLessThan(Date.now() + 2000)
    // Who resumes it does not want to wait any longer.
    const before = receiver.posts.length
    await resumeSink(database, name, { now: Date.now() })
    await vi.waitUntil(() => receiver.posts.length > before, { timeout: 300, interval: 5 })
  })

  test.each([408, 421, 425, 429, 500, 502, 503, 504])('goes on after %i', async status => {
    const receiver = await startReceiver((_post, index) => (index === 0 ? status : 200))
    const { name } = await makeSink(database, receiver.target)
    await startSinkServer(database)
    await record(database, name, 1)
    await whenSink(database, name, ({ delivered }) => delivered === 1)
    expect(receiver.posts).toHaveLength(2)
  })

  test('goes on when nobody answers, or its name is not known', async () => {
    await startSinkServer(database)
    const receiver = await startReceiver()
    const nobody = { ...receiver.target, url: 'http://127.0.0.1:1/' }
    const { name } = await makeSink(database, nobody)
    const unknown = await makeSink(database, { ...receiver.target, url: 'http://daybook.invalid/' })
    for (const each of [name, unknown.name]) {
      await record(database, each, 1)
      expect(await whenSink(database, each, ({ failures }) => failures >= 1)).toMatchObject({
        state: 'running',
      })
    }
  })

  test('whose receiver refuses it, is gone for good or answers with a redirect stops at once', async () => {
    await startSinkServer(database)
    for (const status of [410, 302, 400, 401, 403, 413]) {
      const receiver = await startReceiver(() => status)
      const { name } = await makeSink(database, receiver.target)
      await record(database, name, 1)
      const { failures, last_error } = await whenSink(database, name, ({ state }) => state === 'failed')
      expect(failures).toBe(1)
      expect(last_error).toContain(`http_status ${status}`)
      expect(receiver.posts).toHaveLength(1)
    }
  })

  test('that is paused stops within a second; what was under way is confirmed, and not sent again', async () => {
    const receiver = await startReceiver(async () => {
      await sleep(200)
      return 200
    })
    const { name } = await makeSink(database, receiver.target, { batch_size: 2 })
    await startSinkServer(database)
    await record(database, name, 20)
    await vi.waitUntil(() => receiver.posts.length === 2, { interval: 5 })
    await pauseSink(database, name, Date.now())
    await sleep(1000)
    expect(receiver.posts).toHaveLength(2)
    const paused = await stored(database, name)
    expect(paused).toMatchObject({ state: 'paused', delivered: 4 })
    expect(await ownerOf(name)).toBeNull()
    await resumeSink(database, name, { now: Date.now() })
    await whenSink(database, name, ({ delivered }) => delivered === 20)
    expect(receiver.confirmed()).toEqual(numbersTo(20))
    expect(receiver.posts).toHaveLength(10)
  })

  test('that is paused while its receiver does not answer is cut off, and keeps its place', async () => {
    let isSilent = true
    const receiver = await startReceiver(() => (isSilent ? new Promise<number>(() => undefined) : 200))
    const { name, cursor } = await makeSink(database, receiver.target)
    await startSinkServer(database)
    await record(database, name, 3)
    await vi.waitUntil(() => receiver.posts.length === 1)
    await pauseSink(database, name, Date.now())
    await vi.waitUntil(async () => (await ownerOf(name)) === null, { timeout: 1500, interval: 10 })
    expect(await stored(database, name)).toMatchObject({
      state: 'paused',
      cursor,
      failures: 0,
      last_error: null,
    })
    isSilent = false
    await resumeSink(database, name, { now: Date.now() })
    await whenSink(database, name, ({ delivered }) => delivered === 3)
    expect(receiver.confirmed()).toEqual([1, 2, 3])
  })

  test('is worked on by one of two servers, and by the other when that one stops', async () => {
    const receiver = await startReceiver()
    const { name } = await makeSink(database, receiver.target, { batch_size: 3 })
    const servers = [await startSinkServer(database), await startSinkServer(database)]
    await record(database, name, 10)
    await whenSink(database, name, ({ delivered }) => delivered === 10)
    const holder = await ownerOf(name)
    await servers.find(each => each.owner() === holder)?.close()
    await record(database, name, 5, 11)
    await whenSink(database, name, ({ delivered }) => delivered === 15)
    expect(await ownerOf(name)).toBe(servers.find(each => each.owner() !== holder)?.owner())
    expect(receiver.confirmed()).toEqual(numbersTo(15))
  })

  test('a server whose lease has ended confirms nothing more', async () => {
    const gate = Promise.withResolvers<void>()
    const receiver = await startReceiver(async (_post, index) => {
      if (index === 0) await gate.promise
      return 200
    })
    const { name } = await makeSink(database, receiver.target)
    const silent = await startSinkServer(database)
    await record(database, name, 4)
    await vi.waitUntil(() => receiver.posts.length === 1)
    const next = await startSinkServer(database)
    await silent.loseLease()
    await whenSink(database, name, ({ delivered }) => delivered === 4)
    expect(await ownerOf(name)).toBe(next.owner())
    gate.resolve()
    await sleep(100)
    expect(await stored(database, name)).toMatchObject({ delivered: 4, failures: 0, state: 'running' })
    expect(receiver.posts).toHaveLength(2)
  })

  test('that is defined anew goes on from where it is, and ends when it is deleted', async () => {
    const [before, after] = [await startReceiver(), await startReceiver()]
    const { name } = await makeSink(database, before.target)
    await startSinkServer(database)
    await record(database, name, 3)
    await whenSink(database, name, ({ delivered }) => delivered === 3)
    await store.update(database, name, { target: { webhook: after.target }, owner: null }, Date.now())
    // By whoever goes by the new definition.
    await vi.waitUntil(async () => (await ownerOf(name)) !== null, { interval: 5 })
    await record(database, name, 2, 4)
    await whenSink(database, name, ({ delivered }) => delivered === 5)
    expect([before.confirmed(), after.confirmed()]).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    await store.remove(database, name)
    // Until its server has heard of it.
    await sleep(500)
    await record(database, name, 1, 6)
    await sleep(100)
    expect(after.posts.flatMap(post => post.body.items)).toHaveLength(2)
    expect(await store.list(database)).not.toContainEqual(expect.objectContaining({ name }))
  })

  test('whose next changes are not kept any more fails and says where they begin', async () => {
    const receiver = await startReceiver()
    const { name, id } = await makeSink(database, receiver.target)
    await pauseSink(database, name, Date.now())
    for (const n of [1, 2, 3]) await record(database, name, 1, n)
    const { cursor } = await stored(database, name)
    await database.kysely
      .deleteFrom('record_change')
      .where('resource', '=', 'js-result')
      .where('last_number', '<=', cursor + 2)
      .execute()
    await resumeSink(database, name, { now: Date.now() })
    await startSinkServer(database)
    const failed = await whenSink(database, name, ({ state }) => state === 'failed')
    expect(failed).toMatchObject({ fail_reason: 'behind_too_far' })
    expect(failed.last_error).toContain(String(cursor + 3))
    expect(failed).toMatchObject({ id, cursor, failures: 1 })
    expect(receiver.posts).toEqual([])
  })

  test('counts records that are gone, and change events deleted with their numbers, as looked at', async () => {
    const receiver = await startReceiver()
    const sink = await makeSink(database, receiver.target, {
      resource: 'change-event',
      query: { condition: [] },
    })
    const others = await makeSink(database, receiver.target)
    await record(database, others.name, 3)
    await database.kysely.deleteFrom('js_result').where('js_worker_name', '=', others.name).execute()
    await database.kysely
      .insertInto('pending_change')
      .values(
        [1, 2].map(() => ({
          diagnostic_id: 'x',
          event_type: 'job.created',
          folder_name: 'a',
          full_folder_path: 'a',
          body: '{}',
        })),
      )
      .execute()
    await numberChanges(database)
    await database.kysely.deleteFrom('change_event').execute()
    await startSinkServer(database)
    await whenSink(database, sink.name, ({ cursor }) => cursor === sink.cursor + 2)
    await whenSink(database, others.name, ({ cursor }) => cursor === others.cursor + 3)
    expect(receiver.posts).toEqual([])
  })

  test('writes its place at most once a second while nothing is wanted', async () => {
    const receiver = await startReceiver()
    const { name, cursor } = await makeSink(database, receiver.target)
    await startSinkServer(database)
    await vi.waitUntil(async () => (await ownerOf(name)) !== null)
    const versions = new Set<string>()
    const begun = performance.now()
    let rows = 0
    while (performance.now() < begun + 1500) {
      await record(database, 'nobody wants it', 1)
      rows++
      await sleep(10)
      versions.add(await rowVersion(name))
    }
    // The first, and one for each second that has begun.
    expect(versions.size).toBeLessThanOrEqual(4)
    expect(rows).toBeGreaterThan(30)
    await whenSink(database, name, sink => sink.cursor === cursor + rows)
  })

  test('waits for a receiver that it cannot sign for', async () => {
    const receiver = await startReceiver()
    const { name } = await makeSink(database, receiver.target)
    await database.kysely
      .updateTable('sink')
      .set({ secrets: createSealer('another'.repeat(8)).seal('{}') })
      .where('name', '=', name)
      .execute()
    await startSinkServer(database)
    await record(database, name, 1)
    const { last_error } = await whenSink(database, name, ({ state }) => state === 'failed')
    expect(last_error).toMatch(/^secrets_unreadable/)
    expect(receiver.posts).toEqual([])
  })

  test('whose conditions are not known any more fails; the others go on', async () => {
    const receiver = await startReceiver()
    const { name } = await makeSink(database, receiver.target, { query: { condition: ['gone'] } })
    const unknown = await makeSink(database, receiver.target)
    const good = await makeSink(database, receiver.target)
    await database.kysely.updateTable('sink').set({ resource: 'gone' }).where('id', '=', unknown.id).execute()
    await startSinkServer(database)
    await record(database, good.name, 1)
    await whenSink(database, good.name, ({ delivered }) => delivered === 1)
    expect((await whenSink(database, name, ({ state }) => state === 'failed')).last_error).toMatch(
      /^condition_unknown: query\.condition\[0\]/,
    )
    const lost = await whenSink(database, unknown.name, ({ state }) => state === 'failed')
    expect(lost.last_error).toBe('resource_unknown: gone')
  })

  async function ownerOf(name: string): Promise<string | null> {
    const query = database.kysely.selectFrom('sink').select('owner').where('name', '=', name)
    return (await query.executeTakeFirstOrThrow()).owner
  }

  async function rowVersion(name: string): Promise<string> {
    const sql = 'select xmin::text from sink where name = $1'
    const { rows } = await database.run({ name: undefined, sql, parameters: [name] }, [])
    return String(rows[0]?.[0])
  }
})

test('a delivery has at most so many items and about a mebibyte', () => {
  const item = (number: number, size = 1) => ({ number, text: 'x'.repeat(size) })
  const sizes = (items: readonly ReturnType<typeof item>[], max: number) =>
    batchesOf(items, max).map(batch => batch.map(each => each.number))
  expect(sizes([], 3)).toEqual([])
  expect(
    sizes(
      [1, 2, 3, 4, 5].map(n => item(n)),
      2,
    ),
  ).toEqual([[1, 2], [3, 4], [5]])
  const large = [item(1, 600_000), item(2, 400_000), item(3, 100_000), item(4, 2_000_000), item(5)]
  expect(sizes(large, 10)).toEqual([[1, 2], [3], [4], [5]])
})

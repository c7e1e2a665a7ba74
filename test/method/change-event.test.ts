import { beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { parseJson } from '../../src/json.ts'
import type { Envelope } from '../../src/resource/change-event/envelope.ts'
import { commonFields, guid, samples } from '../compat/uipath/samples.ts'
import { holderOf } from '../resource/caller.ts'
import { recordStatements } from '../resource/recorder.ts'
import { describeEngines } from '../support/databases.ts'
import { createChangeEvents, type TestChangeEvents } from './change-events.ts'

interface Page {
  readonly envelopes: readonly Envelope[]
  readonly next: number | null
}

const now = Date.UTC(2026, 0, 1)

/** Who may do one thing to the events of the folders of a pattern. */
function folderHolder(verb: 'read' | 'write', folder: string, pattern = '*') {
  return holderOf([
    { scopes: [{ folder }], permissions: [{ change_event: { [verb]: pattern } }] },
  ] as Parameters<typeof holderOf>[0])
}

/** An event of a folder. */
function eventOf(folder: string, more: Readonly<Record<string, unknown>> = {}) {
  const { MachineAssign } = samples['a machine that is unassigned']
  return { body: { MachineAssign, EventType: 'machine.assign', FullFolderPath: folder, ...more } }
}

/** The same as a row. */
function rowOf(more: Readonly<Record<string, unknown>> = {}) {
  const { MachineAssign } = samples['a machine that is unassigned']
  return { event_type: 'machine.assign', full_folder_path: 'a', body: { MachineAssign }, ...more }
}

describeEngines('change events of other programs', open => {
  let database: Database
  let events: TestChangeEvents
  let statements: readonly unknown[]
  const counted: string[] = []

  beforeAll(async () => {
    const recorder = recordStatements(await open())
    database = recorder.database
    statements = recorder.recorded
    events = createChangeEvents(database, {
      clock: () => now,
      onRows: (...row) => void counted.push(row.join(' ')),
    })
  })

  const pending = rawStatement('select count(*)::int from pending_change')
  const countPending = async () => Number((await database.run(pending, [])).rows[0]?.[0])
  const page = (query: readonly unknown[], more = {}, caller?: Parameters<TestChangeEvents['call']>[2]) =>
    events.call<Page>('envelopes', { query: { condition: query }, ...more }, caller)

  describe('publishing', () => {
    test('answers how many are recorded, and each is read as UiPath Insights documents it', async () => {
      const bodies = Object.values(samples)
      const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const given = bodies.map((body, i) => (i === 0 ? { body, 'Diagnostic-Id': trace } : { body }))
      expect(await events.call('publish', { events: given })).toEqual({ accepted: bodies.length })
      const found = await events.envelopes()
      const traceparent = expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/)
      expect(found).toEqual(
        bodies.map((body, i) => ({
          body,
          'x-opt-sequence-number': i + 1,
          'x-opt-offset': expect.stringMatching(/^\d+$/),
          'x-opt-enqueued-time': expect.any(Number),
          'Diagnostic-Id': i === 0 ? trace : traceparent,
        })),
      )
      expect(JSON.stringify(found.map(each => each.body))).toBe(JSON.stringify(bodies))
      const offsets = found.map(each => Number(each['x-opt-offset']))
      expect(offsets[0]).toBe(0)
      expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b))
      expect(new Set(found.map(each => each['Diagnostic-Id'])).size).toBe(bodies.length)
      expect(counted).toEqual([
        `change-event appended ${bodies.length}`,
        `change-event returned ${bodies.length}`,
      ])
    })

    test('takes back what envelopes, queries and pages give, and gives it new numbers', async () => {
      const after = (await events.envelopes()).length
      const given = Object.values(samples).map(body => ({
        body: { ...body, FullFolderPath: 'back', Later: { a: [1] } },
      }))
      await events.call('publish', { events: given })
      // Ours bear names that are longer than a client may make.
      const machine =
        rawStatement(`insert into machine (name, kind, host_name, status, reporting_time, created_time)
        values ($1, 'server', 'h', 'Available', now(), now())`)
      await database.run(machine, ['m'.repeat(128)])
      const first = await events.envelopes(after)
      expect(first).toHaveLength(given.length + 2)
      const condition = [{ limit: first.length }]
      const rows = await events.call<object[]>('query', { query: { condition } })
      const { rows: paged } = await events.call<{ rows: object[] }>('page', { query: { condition } })
      const without = (each: Envelope) => ({ body: each.body, 'Diagnostic-Id': each['Diagnostic-Id'] })
      for (const back of [first, rows.toReversed(), paged.toReversed()]) {
        const before = (await events.envelopes()).length
        expect(await events.call('publish', { events: back })).toEqual({ accepted: first.length })
        const again = await events.envelopes(before)
        expect(again.map(without)).toEqual(first.map(without))
        expect(again[0]?.['x-opt-sequence-number']).toBe(before + 1)
      }
    })

    test('takes a row that leaves out what is filled in', async () => {
      const after = (await events.envelopes()).length
      await events.call('publish', { events: [rowOf(), eventOf('a')] })
      const [row, event] = await events.envelopes(after)
      expect(row?.body).toEqual(event?.body)
    })

    test('needs permission to write to the folder of a row as well', async () => {
      const publish = events.call('publish', { events: [rowOf()] }, folderHolder('write', 'b'))
      await expect(publish).rejects.toMatchObject({ code: 102 })
    })

    test('fills in the common fields that were left out', async () => {
      const after = (await events.envelopes()).length
      await events.call('publish', { events: [eventOf('fill/in'), eventOf('fill/in'), eventOf('other')] })
      const found = (await events.envelopes(after)).map(each => each.body)
      expect(found[0]).toEqual({
        MachineAssign: samples['a machine that is unassigned'].MachineAssign,
        ...commonFields('machine.assign'),
        Timestamp: new Date(now).toISOString(),
        TenantKey: expect.stringMatching(/^[\da-f-]{36}$/),
        TenantName: 'Daybook',
        FolderName: 'in',
        FullFolderPath: 'fill/in',
        FolderKey: expect.stringMatching(/^[\da-f-]{36}$/),
      })
      // A folder's key is its own, the tenant's is everybody's.
      expect(found[1]).toEqual(found[0])
      expect(found[2]?.FolderKey).not.toBe(found[0]?.FolderKey)
      expect(found[2]?.TenantKey).toBe(found[0]?.TenantKey)
    })

    test('keeps moments to the millisecond, from year 1 to 9999, and every digit of a number', async () => {
      const after = (await events.envelopes()).length
      const moments = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2024-02-29T23:30:00.0019+01:00']
      const line = samples['a line of a robot’s log']
      const exact = parseJson(
        JSON.stringify(line)
          .replace('"machineId":7', '"machineId":9007199254740993')
          .replace('0.6733966', '1.50'),
      )
      const given = [...moments.map(Timestamp => eventOf('moments', { Timestamp })), { body: exact }]
      await events.call('publish', { events: given })
      const found = await events.envelopes(after)
      expect(found.slice(0, 3).map(each => each.body.Timestamp)).toEqual([
        '0001-01-01T00:00:00.000Z',
        '9999-12-31T23:59:59.999Z',
        '2024-02-29T22:30:00.001Z',
      ])
      expect(JSON.stringify(found[3])).toContain('"machineId":9007199254740993')
    })

    test('writes what arrives together with few statements, in order', async () => {
      const after = (await events.envelopes()).length
      const before = statements.length
      const calls = Array.from({ length: 100 }, (_, n) =>
        events.call('publish', { events: [eventOf(`together/${n}`), eventOf(`together/${n}`)] }),
      )
      expect(await Promise.all(calls)).toEqual(calls.map(() => ({ accepted: 2 })))
      expect(statements.length - before).toBeLessThan(10)
      const folders = (await events.envelopes(after)).map(each => each.body.FolderName)
      expect(folders).toEqual(calls.flatMap((_, n) => [`${n}`, `${n}`]))
    })

    test('wakes whoever numbers, once they are committed', async () => {
      await events.number()
      const woken = Promise.withResolvers<number>()
      const stop = await database.listen('daybook_change', () => woken.resolve(countPending()))
      await events.call('publish', { events: [eventOf('woken')] })
      expect(await woken.promise).toBe(1)
      await stop()
    })

    test('needs permission to write to every folder, by its full path', async () => {
      await events.number()
      const mixed = [eventOf('mine/a'), eventOf('theirs'), eventOf('mine/b')]
      const denied = { code: 102, data: { reason: 'permission_denied' } }
      const writer = folderHolder('write', 'mine/*')
      const publish = (given: readonly unknown[], caller = writer) =>
        events.call('publish', { events: given }, caller)
      await expect(publish(mixed)).rejects.toMatchObject(denied)
      // The folder's own name is not what counts.
      await expect(publish([eventOf('theirs', { FolderName: 'mine/a' })])).rejects.toMatchObject(denied)
      await expect(publish([eventOf('mine/a')], folderHolder('read', 'mine/*'))).rejects.toMatchObject(denied)
      await expect(
        publish([eventOf('mine/a')], folderHolder('write', 'mine/*', 'mine/b')),
      ).rejects.toMatchObject(denied)
      expect(await countPending()).toBe(0)
      const byName = { FolderName: 'mine/c', FullFolderPath: undefined }
      expect(await publish([eventOf('mine/a'), eventOf('', byName)])).toEqual({ accepted: 2 })
      expect(await countPending()).toBe(2)
    })

    test.each<[string, unknown, string]>([
      ['no list', eventOf('a'), 'events'],
      ['no event', [], 'events'],
      ['too many', Array.from({ length: 1001 }, () => eventOf('a')), 'events'],
      ['a body alone', [eventOf('a').body], 'events[0].MachineAssign'],
      [
        'an unknown type',
        [eventOf('a'), eventOf('a', { EventType: 'job.gone' })],
        'events[1].body.EventType',
      ],
      ['no type', [eventOf('a', { EventType: undefined })], 'events[0].body.EventType'],
      ['another family’s body', [eventOf('a', { EventType: 'job.started' })], 'events[0].body.Job'],
      ['a bad member', [eventOf('a', { FolderKey: 'x' })], 'events[0].body.FolderKey'],
      [
        'a bad member inside',
        [eventOf('a', { MachineAssign: { MachineKey: guid(1), MachineName: 1 } })],
        'events[0].body.MachineAssign.MachineName',
      ],
      ['a misspelt common field', [eventOf('a', { folderKey: guid(1) })], 'events[0].body.folderKey'],
      ['an unknown member of the event', [{ ...eventOf('a'), extra: 1 }], 'events[0].extra'],
      ['a bad number', [{ ...eventOf('a'), 'x-opt-offset': 1 }], 'events[0].x-opt-offset'],
      ['an empty trace', [{ ...eventOf('a'), 'Diagnostic-Id': '' }], 'events[0].Diagnostic-Id'],
      ['no folder', [eventOf('a', { FullFolderPath: undefined })], 'events[0].body.FullFolderPath'],
      ['a row’s unknown type', [rowOf({ event_type: 'job.gone' })], 'events[0].event_type'],
      ['a row without a folder', [rowOf({ full_folder_path: undefined })], 'events[0].full_folder_path'],
      ['a row’s bad member', [eventOf('a'), rowOf({ folder_key: 'x' })], 'events[1].folder_key'],
      ['a row’s unknown member', [rowOf({ extra: 1 })], 'events[0].extra'],
      [
        'a row’s bad body',
        [rowOf({ body: { MachineAssign: { MachineKey: guid(1), MachineName: 1 } } })],
        'events[0].body.MachineAssign.MachineName',
      ],
      ['another type’s body in a row', [rowOf({ body: { Job: {} } })], 'events[0].body.MachineAssign'],
      [
        'a common field in a row’s body',
        [rowOf({ body: { ...eventOf('a').body, FullFolderPath: undefined } })],
        'events[0].body.EventType',
      ],
    ])('refuses %s, and writes nothing', async (_what, given, path) => {
      await events.number()
      const call = events.call('publish', { events: given })
      await expect(call).rejects.toMatchObject({ code: -32602, data: { path } })
      expect(await countPending()).toBe(0)
    })
  })

  describe('envelopes', () => {
    const folders = ['pages/a', 'pages/b', 'pages/a', 'pages/c', 'pages/a']
    const inPages = { full_folder_path_like: 'pages/*' }
    let first = 0

    beforeAll(async () => {
      first = ((await events.envelopes()).at(-1)?.['x-opt-sequence-number'] ?? 0) + 1
      // Numbered apart, so that they differ in their times as well.
      for (const folder of folders) {
        await events.call('publish', { events: [eventOf(folder)] })
        await events.number()
      }
    })

    const numbers = ({ envelopes }: Page) => envelopes.map(each => each['x-opt-sequence-number'] - first)

    test('come page by page, oldest first, each exactly once', async () => {
      const seen: number[] = []
      let after: number | null = 0
      while (after !== null) {
        const found: Page = await page([inPages, { limit: 2 }], { after })
        seen.push(...numbers(found))
        after = found.next
      }
      expect(seen).toEqual([0, 1, 2, 3, 4])
    })

    test('begin behind any number, also one whose event is gone', async () => {
      const beforeAll = { after: first - 1 }
      expect(await page([inPages, { limit: 5 }], beforeAll)).toMatchObject({ next: null })
      expect(numbers(await page([inPages], beforeAll))).toEqual([0, 1, 2, 3, 4])
      expect(numbers(await page([], { after: first + 2 }))).toEqual([3, 4])
      expect(await page([], { after: first + 4 })).toEqual({ envelopes: [], next: null })
      expect(await page([], { after: Number.MAX_SAFE_INTEGER })).toEqual({ envelopes: [], next: null })
      await events.call('delete', { query: { condition: [{ sequence_number: first + 2 }] } })
      expect(numbers(await page([inPages], { after: first + 2 }))).toEqual([3, 4])
      expect(numbers(await page([inPages], { after: first + 1 }))).toEqual([3, 4])
    })

    test('fulfil the conditions', async () => {
      expect(numbers(await page([{ full_folder_path: 'pages/a' }], { after: first - 1 }))).toEqual([0, 4])
      expect(numbers(await page([inPages, 'last']))).toEqual([4])
      expect(await page([inPages, 'last'])).toMatchObject({ next: null })
    })

    test('are a hundred on a page, a thousand at most', async () => {
      await events.call('publish', { events: Array.from({ length: 1000 }, () => eventOf('many')) })
      await events.call('publish', { events: [eventOf('many')] })
      await events.number()
      const many = { full_folder_path: 'many' }
      expect((await page([many])).envelopes).toHaveLength(100)
      const full = await page([many, { limit: 5000 }])
      expect(full.envelopes).toHaveLength(1000)
      expect((await page([many], { after: full.next })).envelopes).toHaveLength(1)
    })

    test('are those of folders that the caller may read', async () => {
      const reader = folderHolder('read', 'pages/b')
      expect(numbers(await page([], {}, reader))).toEqual([1])
      const denied = { code: 102, data: { reason: 'permission_denied' } }
      await expect(page([{ full_folder_path: 'pages/a' }], {}, reader)).rejects.toMatchObject(denied)
      await expect(page([], {}, folderHolder('write', 'pages/*'))).rejects.toMatchObject(denied)
      const none = folderHolder('read', 'pages/nothing')
      expect(await page([], {}, none)).toEqual({ envelopes: [], next: null })
    })

    test.each<[object, string]>([
      [{ after: -1 }, 'after'],
      [{ after: '1' }, 'after'],
      [{ after: 1.5 }, 'after'],
      [{ query: { condition: [{ limit: 0 }] } }, 'query.condition'],
      [{ query: { condition: ['all'] } }, 'query.condition[0]'],
      [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
      [{ order: 'newest' }, 'order'],
    ])('refuse %j', async (change, path) => {
      const call = events.call('envelopes', { query: { condition: [] }, ...change })
      await expect(call).rejects.toMatchObject({ code: -32602, data: { path } })
    })
  })
})

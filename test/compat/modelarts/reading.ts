import { beforeAll, describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { eventsPath } from './path.ts'

const service = 'read'

/** `[event_type, event_info, occur_time]`, in the order in which they are recorded. */
const recorded = [
  ['normal', 'start', 1000],
  ['abnormal', 'Pull image FAILED', 2000],
  ['normal', 'zero 100% _done_', 2000],
  ['normal', 'apple + pear = "fruit"', 3000],
  ['abnormal', 'Äpfel', 4000],
] as const

const [start, failed, done, fruit, foreign] = [0, 1, 2, 3, 4]

export function describeReading(wire: Wire): void {
  describe('the events of a service', () => {
    beforeAll(async () => {
      const rows = recorded.map(([event_type, event_info, occur_time]) => ({
        service_name: 'a name',
        event_type,
        event_info,
        occur_time,
      }))
      await askRest(wire, eventsPath(service), { body: { events: rows } })
      const elsewhere = { service_name: 'another', event_info: 'elsewhere', occur_time: 9000 }
      await askRest(wire, eventsPath(service, '', 'other'), { body: elsewhere })
      await askRest(wire, eventsPath('read2'), { body: elsewhere })
    })

    const texts = (places: readonly number[]) => places.map(place => recorded[place]?.[1])

    /** Which of the recorded there are, in order, with both counts checked against `total`. */
    async function read(query: string, places: readonly number[], total = places.length): Promise<void> {
      const { status, json } = await askRest(wire, eventsPath(service, query))
      expect(status, query).toBe(200)
      expect(
        json.events.map((event: { event_info: string }) => event.event_info),
        query,
      ).toEqual(texts(places))
      expect(json, query).toMatchObject({
        service_name: 'a name',
        service_id: service,
        total_count: total,
        count: places.length,
      })
    }

    test('are filtered by their type', async () => {
      await read('event_type=abnormal', [foreign, failed])
      await read('event_type=normal&order=asc', [start, done, fruit])
    })

    test('are filtered by a literal part of what they say, whatever its case', async () => {
      await read('event_info=failed', [failed])
      await read(
        'event_info=A',
        [fruit, done, failed, start].filter(place => /a/i.test(recorded[place]?.[1] ?? '')),
      )
      await read('event_info=100%25%20_', [done])
      await read('event_info=apple+%2B+pear+=+"fruit"', [fruit])
      await read('event_info=%22fruit%22', [fruit])
      await read('event_info=_', [done])
      await read('event_info=*', [])
      await read('event_info=', [foreign, fruit, done, failed, start])
    })

    test('are filtered by time, both ends included', async () => {
      await read('start_time=2000', [foreign, fruit, done, failed])
      await read('end_time=2000', [done, failed, start])
      await read('start_time=2000&end_time=2000&event_type=normal', [done])
      await read('start_time=2001&end_time=2000', [])
      await read('start_time=2e3&end_time=2000.0', [done, failed])
      await read('start_time=1999.5&end_time=2.0005E3', [done, failed])
      await read('start_time=2000.5&end_time=2000.9', [])
      await read('start_time=-9007199254740991&end_time=9007199254740991', [
        foreign,
        fruit,
        done,
        failed,
        start,
      ])
    })

    test('come a page at a time, pages numbered from 0', async () => {
      await read('limit=2', [foreign, fruit], 5)
      await read('limit=2&offset=0', [foreign, fruit], 5)
      await read('limit=2&offset=1', [done, failed], 5)
      await read('limit=2&offset=2', [start], 5)
      await read('limit=2&offset=3', [], 5)
      await read('limit=5&offset=0', [foreign, fruit, done, failed, start], 5)
      await read('limit=5&offset=1', [], 5)
      await read('limit=1&offset=1&event_type=abnormal', [failed], 2)
      await read('limit=10000&offset=1000000000', [], 5)
    })

    test('are sorted by each of their members, either way', async () => {
      await read('sort_by=occur_time', [foreign, fruit, done, failed, start])
      await read('sort_by=occur_time&order=asc', [start, failed, done, fruit, foreign])
      await read('sort_by=event_type&order=asc', [failed, foreign, start, done, fruit])
      await read('sort_by=event_type&order=desc', [fruit, done, start, foreign, failed])
      // By bytes: capitals before small letters, what is not ASCII behind them.
      await read('sort_by=event_info&order=asc', [failed, fruit, start, done, foreign])
      await read('sort_by=event_info&order=desc&limit=2&offset=1', [start, fruit], 5)
    })

    test('bear the name that the newest of them gives', async () => {
      const path = eventsPath('renamed')
      const named = (service_name: string, occur_time: number) => ({
        service_name,
        event_info: 'x',
        occur_time,
      })
      await askRest(wire, path, { body: named('new', 2000) })
      await askRest(wire, path, { body: named('old \u2028"', 1000) })
      expect((await askRest(wire, path)).json.service_name).toBe('new')
      expect((await askRest(wire, eventsPath('renamed', 'end_time=1500'))).json.service_name).toBe('new')
      await askRest(wire, path, { body: named('old \u2028"', 3000) })
      expect((await askRest(wire, path)).json.service_name).toBe('old \u2028"')
    })

    test('are those of any name that a service may have', async () => {
      for (const name of ['a/b', 'ä €', '100%', 'a?b#c', 'a+b', 'x'.repeat(128), '😀'.repeat(128)]) {
        const path = eventsPath(name, '', name)
        expect((await askRest(wire, path, { body: { service_name: 'n', event_info: 'i' } })).status).toBe(200)
        const { json } = await askRest(wire, path)
        expect(json).toMatchObject({ service_id: name, total_count: 1 })
        const query = { condition: [{ service_id: name }, { project_id: name }] }
        expect(await wire.result('service-event_count', { query })).toEqual({ count: 1 })
      }
    })

    test('are a thousand at once unless asked otherwise', async () => {
      const row = { project_id: 'p', service_id: 'many', service_name: 'n', event_info: 'i' }
      await wire.result('service-event_append', { rows: Array.from({ length: 1000 }, () => row) })
      await wire.result('service-event_append', { rows: [row] })
      const counts = async (query: string) => {
        const { total_count, count } = (await askRest(wire, eventsPath('many', query))).json
        return [total_count, count]
      }
      expect(await counts('')).toEqual([1001, 1000])
      expect(await counts('offset=1')).toEqual([1001, 1])
      expect(await counts('limit=10000')).toEqual([1001, 1001])
    })
  })
}

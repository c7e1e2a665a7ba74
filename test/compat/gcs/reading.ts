import { describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { executionPath, gcsError, least } from './path.ts'

export function describeReading(wire: Wire): void {
  const append = (execution_id: string, rows: readonly object[]) =>
    wire.result('execution-event_append', {
      rows: rows.map(row => ({ name: 'n', namespace: 's', reason: 'r', message: 'm', ...row, execution_id })),
    })
  const read = async (execution: string) => (await askRest(wire, executionPath(execution))).json

  describe('the events of an execution', () => {
    test('are none where there are none', async () => {
      const { status, body } = await askRest(wire, executionPath('absent'))
      expect([status, body]).toEqual([200, '[]'])
    })

    test('come by the time at which they happened first, those of one moment as they were recorded', async () => {
      const at = (message: string, first: number, last = first) => ({
        message,
        first_timestamp: first,
        last_timestamp: last,
      })
      await append('ordered', [at('d', 3000), at('b', 2000, 9000), at('c', 2000), at('a', 1999)])
      await append('ordered', [at('d', 500, 600)])
      expect((await read('ordered')).map((event: { message: string }) => event.message).join('')).toBe('dabc')
    })

    test('have every member, null where there is nothing', async () => {
      await append('bare', [{ first_timestamp: 0 }])
      expect(Object.entries((await read('bare'))[0])).toEqual([
        ['metadata', { name: 'n', namespace: 's' }],
        ['involvedObject', { name: 'n', namespace: 's' }],
        ['reason', 'r'],
        ['message', 'm'],
        ['firstTimestamp', '1970-01-01T00:00:00Z'],
        ['lastTimestamp', '1970-01-01T00:00:00Z'],
        ['count', 1],
        ['type', 'Normal'],
        ['elemType', null],
        ['elemId', null],
        ['actionName', null],
      ])
    })

    test.each([
      ['job.154c848add38e9f9', 'job'],
      ['job.a.0', 'job.a'],
      ['job.0.0', 'job.0'],
      ['job', 'job'],
      ['job.', 'job.'],
      ['job.xyz', 'job.xyz'],
      ['job.ABC', 'job.ABC'],
      ['.abc', '.abc'],
      ['元素.1f', '元素'],
    ])('of the name %s are about %s', async (name, object) => {
      await append(`named ${name}`, [{ name }])
      expect((await read(`named ${name}`))[0]).toMatchObject({
        metadata: { name },
        involvedObject: { name: object },
      })
    })

    test('bear their times in whole seconds, from the first year to the last', async () => {
      await append('times', [
        { message: 'a', first_timestamp: -62_135_596_800_000, last_timestamp: 1999 },
        { message: 'b', first_timestamp: -1, last_timestamp: 253_402_300_799_999 },
      ])
      const times = (await read('times')).map((event: Record<string, string>) => [
        event.firstTimestamp,
        event.lastTimestamp,
      ])
      expect(times).toEqual([
        ['0001-01-01T00:00:00Z', '1970-01-01T00:00:01Z'],
        ['1969-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
      ])
    })

    test('keep a count that a double cannot hold', async () => {
      const rows = [{ count: Number.MAX_SAFE_INTEGER }, { count: 2 }]
      await append('often', rows)
      const { body } = await askRest(wire, executionPath('often'))
      expect(body).toContain('"count":9007199254740993,')
    })

    test('are all of them, however many pages we read', async () => {
      const rows = Array.from({ length: 1000 }, (_, i) => ({ message: `${i}`, first_timestamp: i % 7 }))
      await append('many', rows)
      await append(
        'many',
        rows.map(({ message, first_timestamp }) => ({ message: `${message}b`, first_timestamp })),
      )
      await append('many', [{ message: 'last', first_timestamp: 7 }])
      const found = (await read('many')).map((event: { message: string }) => event.message)
      const all = [...rows, ...rows.map(row => ({ ...row, message: `${row.message}b` }))]
      const sorted = all.toSorted((a, b) => a.first_timestamp - b.first_timestamp).map(row => row.message)
      expect(found).toEqual([...sorted, 'last'])
    })

    test('are refused as a whole when they take more than an answer may', async () => {
      const rows = Array.from({ length: 6 }, (_, i) => ({ message: `${i}`.repeat(300_000) }))
      for (const row of rows) await append('large', [row])
      expect(await read('large')).toHaveLength(6)
      await append('large', [{ message: 'x'.repeat(300_000) }])
      const { status, json } = await askRest(wire, executionPath('large'))
      const message = 'the answer is too large; read the events with execution-event_page'
      expect([status, json]).toEqual([400, gcsError('0001', message)])
      for (let i = 0; i < 5; i++) {
        const small = Array.from({ length: 1000 }, (_, n) => ({ message: `${i} ${n} ${'x'.repeat(300)}` }))
        await append('long', small)
      }
      expect((await askRest(wire, executionPath('long'))).json).toEqual(json)
    })

    test('count once more when they come again without a count, else as often as they say', async () => {
      const path = executionPath('again')
      const posted = async (event: object) =>
        (await askRest(wire, path, { body: { ...least, ...event } })).json.ids[0]
      const first = await posted({ firstTimestamp: '2020-01-01T00:00:05Z' })
      const same = await posted({ firstTimestamp: '2020-01-01T00:00:01Z', count: 3 })
      const later = await posted({ lastTimestamp: '2020-01-01T00:00:09.999Z' })
      const other = await posted({ message: 'other' })
      expect([same, later, other === first]).toEqual([first, first, false])
      expect((await read('again'))[0]).toMatchObject({
        firstTimestamp: '2020-01-01T00:00:01Z',
        lastTimestamp: '2020-01-01T00:00:09Z',
        count: 4,
      })
    })
  })
}

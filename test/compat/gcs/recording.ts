import { describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest, startsWith } from '../rest/ask.ts'
import { executionPath, gcsError, least } from './path.ts'

const named = (name: string, object: string) => ({
  ...least,
  metadata: { name, namespace: 's' },
  involvedObject: { name: object, namespace: 's' },
})

export function describeRecording(wire: Wire): void {
  const post = (execution: string, body: unknown) => askRest(wire, executionPath(execution), { body })
  const read = async (execution: string) => (await askRest(wire, executionPath(execution))).json

  describe('recording', () => {
    test('makes a name of the object and of everything else that is said', async () => {
      const element = { elemType: 't', elemId: 'i', actionName: 'a' }
      const variants = [
        {},
        { reason: 'r2' },
        { message: 'm2' },
        { type: 'Warning' },
        { elemType: 't' },
        { elemId: 't' },
        { actionName: 't' },
        element,
        { involvedObject: { name: 'o', namespace: 's2' } },
        { involvedObject: { name: 'o2', namespace: 's' } },
      ]
      await post(
        'made',
        variants.map(variant => ({ ...least, ...variant })),
      )
      const found = await read('made')
      const names: string[] = found.map((event: { metadata: { name: string } }) => event.metadata.name)
      expect(new Set(names).size).toBe(variants.length)
      for (const name of names) expect(name).toMatch(/^o2?\.[0-9a-f]{16}$/)
      for (const event of found) expect(event.metadata.name).toMatch(`${event.involvedObject.name}.`)
      // What is given as it would be made, or said by default, is the same event.
      const again = { ...least, metadata: {}, type: 'Normal', elemType: null, elemId: null, actionName: null }
      expect((await post('made', again)).status).toBe(200)
      const named = { ...least, metadata: { name: names[0], namespace: 's' } }
      expect((await post('made', named)).status).toBe(200)
      const once = { ...named, count: 1 }
      expect((await post('made', once)).status).toBe(200)
      expect((await read('made')).map((event: { count: number }) => event.count)).toEqual([
        3,
        ...Array(9).fill(1),
      ])
    })

    test('what was read records the same again', async () => {
      await post('copied', [
        least,
        { ...least, message: 'b', count: 7, firstTimestamp: '2020-02-29T23:59:59+14:00' },
      ])
      const found = await read('copied')
      expect((await post('copy', found)).status).toBe(200)
      expect(await read('copy')).toEqual(found)
      expect(found[0].firstTimestamp).toBe('2020-02-29T09:59:59Z')
    })

    test('takes now for times that are not given', async () => {
      const before = Math.floor(Date.now() / 1000) * 1000
      await post('now', least)
      const [{ firstTimestamp, lastTimestamp }] = await read('now')
      expect(lastTimestamp).toBe(firstTimestamp)
      expect(Date.parse(firstTimestamp)).toBeGreaterThanOrEqual(before)
      expect(Date.parse(firstTimestamp)).toBeLessThanOrEqual(Date.now())
    })

    test.each([
      ['o', 'o'],
      ['o.1', 'o'],
      ['o.x', 'o.x'],
      ['a.b.0f', 'a.b'],
      ['other.1f', 'o'],
      ['o.1f', 'o.1f'],
      ['o.1F', 'o'],
      ['o.', 'o'],
      ['18a1b2c3', '元素'],
    ])('the name %s need not be built from that of the object %s', async (name, object) => {
      const execution = `named ${name}`
      expect((await post(execution, named(name, object))).status).toBe(200)
      expect(await read(execution)).toMatchObject([
        { metadata: { name, namespace: 's' }, involvedObject: { name: object, namespace: 's' } },
      ])
      expect((await post(execution, await read(execution))).status).toBe(200)
      expect(await read(execution)).toHaveLength(1)
    })

    test('a thousand events answers their ids in order, of those that are the same one', async () => {
      const events = Array.from({ length: 1000 }, (_, i) => ({ ...least, message: `${i % 500}` }))
      const { ids } = (await post('thousand', events)).json
      expect(ids.slice(0, 500)).toEqual(ids.slice(500))
      expect(new Set(ids).size).toBe(500)
      const query = { condition: [{ execution_id: 'thousand' }] }
      const rows = await wire.result<{ id: number; message: string; count: number }[]>(
        'execution-event_query',
        { query },
      )
      expect(Object.fromEntries(rows.map(row => [row.id, row.message]))).toEqual(
        Object.fromEntries(events.map((event, i) => [ids[i], event.message])),
      )
      expect(rows.every(row => row.count === 2)).toBe(true)
    })

    test.each([
      [{}, 'body.involvedObject'],
      [{ ...least, involvedObject: {} }, 'body.involvedObject.name'],
      [{ ...least, involvedObject: { name: 'o' } }, 'body.involvedObject.namespace'],
      [{ ...least, involvedObject: { name: 'o*', namespace: 's' } }, 'body.involvedObject.name'],
      [{ ...least, involvedObject: { name: 'o'.repeat(112), namespace: 's' } }, 'body.involvedObject.name'],
      [{ ...least, involvedObject: { ...least.involvedObject, uid: 1 } }, 'body.involvedObject.uid'],
      [{ ...least, metadata: { namespace: 's2' } }, 'body.metadata.namespace'],
      [{ ...least, metadata: { uid: 1 } }, 'body.metadata.uid'],
      [named('a*', 'o'), 'body.metadata.name'],
      [named(`${'o'.repeat(127)}.1`, 'o'.repeat(127)), 'body.metadata.name'],
      [{ ...least, regarding: least.involvedObject }, 'body.regarding'],
      [{ ...least, kind: 'Pod' }, 'body.kind'],
      [{ ...least, eventTime: 'now' }, 'body.eventTime'],
      [{ ...least, series: { count: -1 } }, 'body.series.count'],
      [{ ...least, notes: 'n' }, 'body.notes'],
      [{ ...least, metadata: { nmae: 'n' } }, 'body.metadata.nmae'],
      [{ ...least, series: { conut: 1 } }, 'body.series.conut'],
      [{ items: [least, { ...least, type: 'x' }] }, 'body.items[1].type'],
      [{ items: [least], events: [] }, 'body.events'],
      [{ ...least, reason: 1 }, 'body.reason'],
      [{ ...least, message: undefined }, 'body.message'],
      [{ ...least, type: 'normal' }, 'body.type'],
      [{ ...least, count: 0 }, 'body.count'],
      [{ ...least, count: 1.5 }, 'body.count'],
      [{ ...least, count: 2 ** 53 }, 'body.count'],
      [{ ...least, firstTimestamp: 1534747304000 }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '2018-08-20' }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '2018-08-20T06:41:44' }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '2018-08-20T06:41Z' }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '2018-02-29T06:41:44Z' }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '2018-08-20T24:00:00Z' }, 'body.firstTimestamp'],
      [{ ...least, firstTimestamp: '0000-01-01T00:00:00Z' }, 'body.firstTimestamp'],
      [
        { ...least, firstTimestamp: '2018-08-20T06:41:44Z', lastTimestamp: '2018-08-20T06:41:43Z' },
        'body.lastTimestamp',
      ],
      [{ ...least, elemType: '' }, 'body.elemType'],
      [{ ...least, elemId: 'x'.repeat(129) }, 'body.elemId'],
      [{ ...least, actionName: 'a\nb' }, 'body.actionName'],
      [{ ...least, execution_id: 'e' }, 'body.execution_id'],
      [{ events: [least] }, 'body.events'],
      [null, 'body'],
      [[], 'body'],
      [[least, { ...least, type: 'x' }], 'body[1].type'],
      [Array.from({ length: 1001 }, () => least), 'body'],
    ])('%j is refused at its fault', async (body, path) => {
      const { status, json } = await post('refused', JSON.stringify(body))
      expect(json).toEqual(gcsError('0001', startsWith(`${path}: `)))
      expect(status).toBe(400)
    })

    test('leaves nothing of what is refused', async () => {
      expect(await read('refused')).toEqual([])
    })
  })
}

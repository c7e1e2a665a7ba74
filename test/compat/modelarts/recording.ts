import { describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest, startsWith } from '../rest/ask.ts'
import { eventsPath, modelartsError } from './path.ts'

const good = { service_name: 'n', event_info: 'i' }

export function describeRecording(wire: Wire): void {
  describe('recording', () => {
    const post = (service: string, body: unknown) => askRest(wire, eventsPath(service), { body })

    test('one event needs no more than its name and what it says', async () => {
      const before = Date.now()
      const { status, json } = await post('one', good)
      expect(status).toBe(200)
      expect(json).toEqual({ ids: [expect.any(Number)] })
      const { events } = (await askRest(wire, eventsPath('one'))).json
      expect(events).toEqual([{ event_type: 'normal', event_info: 'i', occur_time: expect.any(Number) }])
      expect(events[0].occur_time).toBeGreaterThanOrEqual(before)
      expect(events[0].occur_time).toBeLessThanOrEqual(Date.now())
    })

    test.each([
      ['1.5e12', 1_500_000_000_000],
      ['1562597251764.0', 1_562_597_251_764],
      ['1562597251764.9', 1_562_597_251_764],
      ['-0.5', -1],
    ])('takes the time %s for the millisecond in which it lies', async (text, occur_time) => {
      const { status } = await post(
        `time ${text}`,
        `{"service_name":"n","event_info":"i","occur_time":${text}}`,
      )
      expect(status).toBe(200)
      expect((await askRest(wire, eventsPath(`time ${text}`))).json.events).toMatchObject([{ occur_time }])
    })

    test('a thousand events answers their ids in order', async () => {
      const events = Array.from({ length: 1000 }, (_, i) => ({ ...good, event_info: `${i}`, occur_time: 1 }))
      const { ids } = (await post('thousand', { events })).json
      const rows = await wire.result<{ id: number; event_info: string }[]>('service-event_query', {
        query: { condition: [{ service_id: 'thousand' }] },
      })
      expect(rows.toReversed().map(row => [row.id, row.event_info])).toEqual(
        ids.map((id: number, i: number) => [id, `${i}`]),
      )
    })

    test.each([
      [{}, 'body.service_name'],
      [{ service_name: 'n' }, 'body.event_info'],
      [{ ...good, service_name: 'a*' }, 'body.service_name'],
      [{ ...good, service_name: 'x'.repeat(129) }, 'body.service_name'],
      [{ ...good, event_type: 'Normal' }, 'body.event_type'],
      [{ ...good, event_info: null }, 'body.event_info'],
      [{ ...good, occur_time: '2019-07-08' }, 'body.occur_time'],
      [{ ...good, occur_time: 1e300 }, 'body.occur_time'],
      [{ ...good, project_id: 'p' }, 'body.project_id'],
      [{ ...good, id: 1 }, 'body.id'],
      [[good], 'body'],
      [null, 'body'],
      ['text', 'body'],
      [{ events: [] }, 'body.events'],
      [{ events: good }, 'body.events'],
      [{ events: [good], event_info: 'i' }, 'body.event_info'],
      [{ events: [good, { ...good, event_type: 1 }] }, 'body.events[1].event_type'],
      [{ events: Array.from({ length: 1001 }, () => good) }, 'body.events'],
    ])('%j is refused at its fault', async (body, path) => {
      const text = JSON.stringify(body)
      const { status, json } = await post('refused', text)
      expect(status).toBe(400)
      expect(json).toEqual(modelartsError('0001', startsWith(`${path}: `)))
    })

    test('nothing of a list in which one is refused', async () => {
      await post('refused', { events: [good, {}] })
      expect((await askRest(wire, eventsPath('refused'))).status).toBe(404)
    })
  })
}

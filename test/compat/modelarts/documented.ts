import { beforeAll, describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { eventsPath } from './path.ts'

const service_name = 'service-07085'
const service_id = '35de3ca9-1bca-4ae7-9cb0-914f30fa7d3e'

const events = [
  { event_type: 'normal', event_info: 'start to deploy service', occur_time: 1562597251764 },
  { event_type: 'normal', event_info: 'building image for model [TF 3.0.0]', occur_time: 1562597251788 },
  { event_type: 'normal', event_info: 'model (TF 3.0.0) build image success', occur_time: 1562597251805 },
  { event_type: 'normal', event_info: 'preparing environment', occur_time: 1562597255744 },
  { event_type: 'normal', event_info: '[TF 3.0.0] prepare environment success', occur_time: 1562597275915 },
  { event_type: 'normal', event_info: '[TF 3.0.0] schedule resource success', occur_time: 1562597275921 },
  { event_type: 'normal', event_info: '[TF 3.0.0] pulling model image', occur_time: 1562597275928 },
  { event_type: 'normal', event_info: '[TF 3.0.0] pull image success', occur_time: 1562597332570 },
  { event_type: 'normal', event_info: '[TF 3.0.0] starting model', occur_time: 1562597332582 },
]

/** The answer as ModelArts documents it, byte for byte but for the spaces. */
const printed = JSON.stringify({ service_name, total_count: 9, service_id, count: 9, events })

/** What ModelArts documents (ShowServiceEvents), loaded and read by REST and by RPC. */
export function describeExample(wire: Wire): void {
  const ways = {
    posted: (rows: readonly object[]) =>
      askRest(wire, eventsPath(service_id, '', 'posted'), {
        body: { events: rows.map(row => ({ service_name, ...row })) },
      }).then(answer => answer.json),
    appended: (rows: readonly object[]) =>
      wire.result('service-event_append', {
        rows: rows.map(row => ({ project_id: 'appended', service_id, service_name, ...row })),
      }),
  }

  describe.each(['posted', 'appended'] as const)('the documented example, %s', way => {
    let ids: readonly number[]

    beforeAll(async () => {
      const made = (await ways[way](events)) as { ids: number[] }
      ids = made.ids
      expect(made).toEqual({ ids: events.map((_, i) => (ids[0] ?? 0) + i) })
    })

    test('is answered member for member', async () => {
      const answer = await askRest(wire, eventsPath(service_id, 'order=asc', way))
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.body).toBe(printed)
    })

    test('is newest first unless asked otherwise', async () => {
      const { json } = await askRest(wire, eventsPath(service_id, '', way))
      expect(json).toEqual({ ...JSON.parse(printed), events: events.toReversed() })
    })

    test('is read by RPC as well', async () => {
      const query = { condition: [{ project_id: way }, { service_id }] }
      const rows = await wire.result('service-event_query', { query })
      const common = { project_id: way, service_id, service_name }
      expect(rows).toEqual(events.map((event, i) => ({ id: ids[i], ...common, ...event })).toReversed())
    })
  })
}

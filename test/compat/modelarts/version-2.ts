import { beforeAll, describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { eventsPath, modelartsError } from './path.ts'

/** `ListInferServiceEvents` of huaweicloudsdkmodelarts: its query, and the members that it reads of the answer. */
export function describeVersion2(wire: Wire): void {
  describe('version 2', () => {
    const path = (query = '', service = 'infer') => eventsPath(service, query).replace('/v1/', '/v2/')
    const infos = ['start to deploy service', 'pulling model image', 'pull image failed']

    beforeAll(async () => {
      const events = infos.map((event_info, i) => ({
        service_name: 'n',
        event_info,
        event_type: i === 2 ? 'abnormal' : 'normal',
        occur_time: 1_562_597_251_000 + i,
      }))
      const { status, json } = await askRest(wire, path(), { body: { events } })
      expect([status, json.ids.length]).toEqual([200, 3])
    })

    const infosOf = async (query: string): Promise<readonly string[]> => {
      const { status, json } = await askRest(wire, path(query))
      expect(status, JSON.stringify(json)).toBe(200)
      return json.data.map((event: { event_info: string }) => event.event_info)
    }

    test('lists events as the SDK reads them, and as version 1 does', async () => {
      const { json } = await askRest(wire, path('limit=2'))
      expect(json).toMatchObject({ current: 1, pages: 2, size: 2, total: 3, total_count: 3, count: 2 })
      expect(json.data[0]).toEqual({
        id: expect.stringMatching(/^\d+$/),
        service_id: 'infer',
        service_version_id: null,
        event_count: 1,
        event_type: 'ABNORMAL',
        event_info: infos[2],
        event_info_cn: null,
        create_at: 1_562_597_251_002,
        update_at: 1_562_597_251_002,
      })
      expect(json.events).toEqual((await askRest(wire, eventsPath('infer', 'limit=2'))).json.events)
    })

    test('sorts, filters and pages by its own names', async () => {
      const [first, second, third] = infos
      expect(await infosOf('sort_dir=ASC')).toEqual([first, second, third])
      expect(await infosOf('sort_key=create_at&sort_dir=desc')).toEqual([third, second, first])
      expect(await infosOf('sort_key=event_info&sort_dir=asc')).toEqual([third, second, first])
      expect(await infosOf('event_info_key=IMAGE')).toEqual([third, second])
      expect(await infosOf('event_type=ABNORMAL')).toEqual([third])
      expect(await infosOf('event_type=WARNING')).toEqual([])
      expect(await infosOf('limit=1&offset=1')).toEqual([second])
      expect((await askRest(wire, path('limit=1&offset=2'))).json).toMatchObject({ current: 3, pages: 3 })
      expect(await infosOf('start_time=1562597251001&end_time=1562597251001')).toEqual([second])
    })

    test.each(['sort_by=occur_time', 'order=asc', 'event_info=a', 'sort_key=id', 'sort_dir=up', 'limit=0'])(
      'is a 400 for the query %s',
      async query => {
        const { status, json } = await askRest(wire, path(query))
        const name = query.split('=')[0]
        expect([status, json]).toEqual([400, modelartsError('0001', expect.stringMatching(`^${name}: `))])
      },
    )

    test('is a 404 where there is no event of the service', async () => {
      expect((await askRest(wire, path('', 'absent'))).status).toBe(404)
    })
  })
}

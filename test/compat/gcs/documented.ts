import { beforeAll, describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { executionPath } from './path.ts'

const namespace = 'c51567523b744d098a8a81ede51894ac'
const object = 'gcs-exec-3-08-20-144951'
const time = '2018-08-20T06:41:44Z'
const element = { count: 1, type: 'Normal', elemType: 'KubeDAG.init' }

function event(suffix: string, reason: string, message: string, elemId: string): object {
  return {
    metadata: { name: `${object}.${suffix}`, namespace },
    involvedObject: { name: object, namespace },
    reason,
    message,
    firstTimestamp: time,
    lastTimestamp: time,
    ...element,
    elemId,
    actionName: 'create',
  }
}

const started = (elemId: string) =>
  `元素(${elemId})开始执行(create)流程. ## Element(${elemId}) start to Action(create).`

const events = [
  event(
    '154c848add38e9f9',
    '执行成功##SuccessfulFinish',
    '元素(job-a-init)执行create成功. ## Element(job-a-init) execute Action: create successfully',
    'job-a-init',
  ),
  event('154c848ade084c88', '启动##ActionStart', started('job-c-init'), 'job-c-init'),
  event('154c848ade7ed58e', '启动##ActionStart', started('job-d-init'), 'job-d-init'),
]

/** The same as `execution-event_append` takes them. */
const rows = events.map(each => {
  const { metadata, involvedObject: _, ...rest } = each as Record<string, string> & { metadata: object }
  const { firstTimestamp: __, lastTimestamp: ___, elemType, elemId, actionName, ...same } = rest
  const moment = Date.parse(time)
  const times = { first_timestamp: moment, last_timestamp: moment }
  return {
    ...metadata,
    ...same,
    ...times,
    object_name: null,
    elem_type: elemType,
    elem_id: elemId,
    action_name: actionName,
  }
})

/** What GCS documents, loaded and read by REST and by RPC. */
export function describeExample(wire: Wire): void {
  const ids = {
    posted: 'e19d3faf-9f04-9685-e5c0-fbe8d40b96cd',
    'posted one by one': 'one-by-one',
    appended: 'appended',
  } as const
  const ways = {
    posted: async () => (await askRest(wire, executionPath(ids.posted), { body: events })).json.ids,
    'posted one by one': async () => {
      const made: number[] = []
      for (const body of events) {
        made.push(...(await askRest(wire, executionPath(ids['posted one by one']), { body })).json.ids)
      }
      return made
    },
    appended: async () => {
      const all = rows.map(row => ({ ...row, execution_id: ids.appended }))
      return (await wire.result<{ ids: number[] }>('execution-event_append', { rows: all })).ids
    },
  }

  describe.each(['posted', 'posted one by one', 'appended'] as const)('the documented example, %s', way => {
    let made: readonly number[]

    beforeAll(async () => {
      made = await ways[way]()
      expect(made).toEqual(events.map((_, i) => (made[0] ?? 0) + i))
    })

    test('is answered member for member, in the order in which they happened', async () => {
      const answer = await askRest(wire, executionPath(ids[way]))
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.body).toBe(JSON.stringify(events))
    })

    test('is read by RPC as well', async () => {
      const query = { condition: [{ execution_id: ids[way] }] }
      const found = await wire.result<object[]>('execution-event_query', { query })
      const expected = rows.map((row, i) => ({ id: made[i], execution_id: ids[way], ...row }))
      expect(found).toEqual(expected.toReversed())
    })
  })
}

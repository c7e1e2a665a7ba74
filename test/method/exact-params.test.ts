import { expect, test } from 'vitest'
import { z } from 'zod'
import { exactParamsOf } from '../../src/method/exact-params.ts'
import { declaredMethods } from '../support/declared-methods.ts'

/** Of the conditions of a query each may be one on a payload. */
const queries =
  /_(?:query|page|count|stats|facet|delete|subscribe|envelopes|cancel|replay|ticket|set|preview)$/

test('long numbers are read exactly where they are kept or compared with what is kept, and nowhere else', () => {
  const exact = declaredMethods.flatMap(({ name, params }) => {
    const { names } = exactParamsOf(params)
    const others = queries.test(name) ? names.filter(each => each !== 'query') : names
    return others.map(each => `${name} ${each}`)
  })
  expect(exact.toSorted()).toEqual([
    'change-event_import rows',
    'change-event_publish events',
    'event-log_append rows',
    'event-log_finish result',
    'event-log_import rows',
    'event-task_complete result',
    'event_send events',
    'event_send kwargs',
    'events.services.EventSvc.sendEvent kwargs',
    'js-result_append rows',
    'js-result_finish result',
    'js-result_import rows',
    'js-worker_create env',
    'js-worker_run env',
    'js-worker_run params',
    'js-worker_update env',
    'monitor_create event',
    'monitor_create query',
    'monitor_update event',
    'monitor_update query',
    'sink_create query',
    'sink_update query',
    'view_create layout',
    'view_create query',
    'view_update layout',
    'view_update query',
  ])
})

test('a schema that says nothing of what it takes counts as one that takes any JSON', () => {
  const params = z.strictObject({
    text: z.string().nullish(),
    number: z.number().int().min(0).max(9).default(3),
    choice: z.union([z.literal(1), z.enum(['a', 'b'])]).optional(),
    tree: z.lazy(() => z.number()),
    list: z.array(z.strictObject({ any: z.unknown() })),
    open: z.looseObject({ a: z.string() }),
    closed: z.strictObject({ a: z.array(z.boolean()) }).readonly(),
    read: z.preprocess(value => value, z.number()),
    written: z.string().transform(Number),
    record: z.record(z.string(), z.unknown()),
  })
  expect(exactParamsOf(params).names).toEqual(['tree', 'list', 'open', 'read', 'record'])
})

import { z } from 'zod'
import { parseJson } from '../../json.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { type EventQuery, maxLimit, maxOffset, servicePath, timeRange, wholeNumber } from './event-query.ts'
import { eventsSchema, readEventPage } from './read-events.ts'

const eventFields = ['id', 'event_type', 'event_info', 'occur_time']

/** The names by which version 2 sorts, and what they are here: an event happens once. */
const sortKeys = {
  create_at: 'occur_time',
  update_at: 'occur_time',
  occur_time: 'occur_time',
  event_type: 'event_type',
  event_info: 'event_info',
} as const

/** The query of `ListInferServiceEvents`, as Huawei's SDK sends it. */
const inferQuery = {
  ...servicePath,
  event_type: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['normal', 'abnormal', 'warning']))
    .optional(),
  event_info_key: z.string().optional().describe('Substring, whatever its case'),
  ...timeRange,
  offset: wholeNumber(z.int().min(0).max(maxOffset)).default(0).describe('Events before the page'),
  limit: wholeNumber(z.int().min(1).max(maxLimit)).default(10).describe('Events on a page'),
  sort_key: z.enum(Object.keys(sortKeys) as [keyof typeof sortKeys]).default('update_at'),
  sort_dir: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['desc', 'asc']))
    .default('desc'),
}

// The members of version 1 come as well: a program moves from one to the other by its path.
const listSchema = eventsSchema.extend({
  current: z.int().describe('The number of the page, from 1'),
  pages: z.int(),
  size: z.int().describe('Events on a full page'),
  total: z.int().describe('Events on all pages'),
  data: z.array(
    z.strictObject({
      id: z.string(),
      service_id: z.string(),
      service_version_id: z.null(),
      event_count: z.int(),
      event_type: z.string(),
      event_info: z.string(),
      event_info_cn: z.null(),
      create_at: z.int(),
      update_at: z.int(),
    }),
  ),
})

type ReadRow = { id: number; event_type: string; event_info: string; occur_time: number }

/** The events of a service as version 2 of ModelArts lists them. */
export function readInferEventsMethod(name: string, service: RecordService): Method {
  const records = service.of(serviceEvent)
  return defineMethod({
    name,
    summary: 'The events of a service, some at a time, as version 2 lists them',
    params: inferQuery,
    result: listSchema,
    credentialParams: [],
    async handle({ params, caller }) {
      const { limit: size, offset, service_id } = params
      const { serviceName, events, total } = await readEventPage(
        records,
        eventFields,
        queryOf(params),
        caller,
      )
      service.onRows(serviceEvent.name, 'returned', events.length)
      const rows = events.map(text => parseJson(text) as ReadRow)
      return {
        service_name: serviceName,
        total_count: total,
        service_id,
        count: rows.length,
        events: rows.map(({ id: _, ...event }) => event),
        current: Math.floor(offset / size) + 1,
        pages: Math.ceil(total / size),
        size,
        total,
        data: rows.map(row => eventOf(service_id, row)),
      }
    },
  })
}

function queryOf(params: z.output<z.ZodObject<typeof inferQuery>>): EventQuery {
  const { event_info_key: event_info, offset: skip, sort_key, sort_dir: order, ...query } = params
  return { ...query, event_info, skip, sort_by: sortKeys[sort_key], order }
}

function eventOf(service_id: string, { id, event_type, event_info, occur_time }: ReadRow) {
  return {
    id: String(id),
    service_id,
    service_version_id: null,
    event_count: 1,
    event_type: event_type.toUpperCase(),
    event_info,
    event_info_cn: null,
    create_at: occur_time,
    update_at: occur_time,
  }
}

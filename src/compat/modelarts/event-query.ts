import { z } from 'zod'
import { comparedTime } from '../../condition/value.ts'
import { lookedUpNameSchema } from '../../permission/name.ts'
import { textCheck } from '../../text-check.ts'

/** Where the events stand: what the path says. */
export const servicePath = { project_id: lookedUpNameSchema, service_id: lookedUpNameSchema }

/** Events on a page: so many as a `limit` condition finds at most. */
export const maxLimit = 10_000

/** So that the number of the first row of a page is exact. */
export const maxOffset = 1_000_000_000

export function wholeNumber(schema: z.ZodType<number, number>) {
  const text = z.string().regex(/^-?\d{1,16}$/, 'expected a whole number')
  return text.transform(Number).pipe(schema)
}

/** A moment, as any number that JSON can write; fractions of a millisecond are rounded towards the range. */
function time(round: (milliseconds: number) => number) {
  const text = z.string().regex(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, 'expected epoch milliseconds')
  return text.transform(number => round(Number(number))).pipe(comparedTime)
}

/** The range of times, inclusive. */
export const timeRange = {
  start_time: time(Math.ceil).optional().describe('Epoch ms; events at or after it'),
  end_time: time(Math.floor).optional().describe('Epoch ms; events at or before it'),
}

/** What ShowServiceEvents lists beside letters, digits and other signs of ASCII. */
const refusedSigns = /[`(){}';,[\]<>/?!&:]/

function searchFault(text: string): string | undefined {
  if (/[^ -~]/.test(text)) return 'only English text can be searched for'
  const sign = refusedSigns.exec(text)?.[0]
  return sign === undefined ? undefined : `must not contain ${sign}`
}

/** The path's and the query's parameters, which come as texts. */
export const eventQuery = {
  ...servicePath,
  event_type: z.enum(['normal', 'abnormal']).optional(),
  event_info: z
    .string()
    .superRefine(textCheck(searchFault))
    .optional()
    .describe('Substring, whatever its case'),
  ...timeRange,
  offset: wholeNumber(z.int().min(0).max(maxOffset)).default(0).describe('Number of the page, from 0'),
  limit: wholeNumber(z.int().min(1).max(maxLimit)).default(1000).describe('Events on a page'),
  sort_by: z.enum(['occur_time', 'event_type', 'event_info']).default('occur_time'),
  order: z.enum(['desc', 'asc']).default('desc'),
}

/** Which events of which service, whichever version of the surface was asked. */
export interface EventQuery {
  readonly project_id: string
  readonly service_id: string
  readonly event_type?: 'normal' | 'abnormal' | 'warning' | undefined
  readonly event_info?: string | undefined
  readonly start_time?: number | undefined
  readonly end_time?: number | undefined
  /** Events that lie before the page. */
  readonly skip: number
  readonly limit: number
  readonly sort_by: 'occur_time' | 'event_type' | 'event_info'
  readonly order: 'asc' | 'desc'
}

/** In version 1 `offset` counts pages. */
export function queryOfPages({ offset, ...query }: z.output<z.ZodObject<typeof eventQuery>>): EventQuery {
  return { ...query, skip: offset * query.limit }
}

/** The query as conditions of service-event. */
export function conditionsOf(query: EventQuery): readonly unknown[] {
  const { event_type, event_info, start_time, end_time } = query
  return [
    ...serviceConditions(query),
    ...typeConditions(event_type),
    ...(event_info === undefined ? [] : [{ event_info_contains: event_info }]),
    ...(start_time === undefined ? [] : [{ occur_time_from: start_time }]),
    ...(end_time === undefined ? [] : [{ occur_time_to: end_time }]),
  ]
}

function typeConditions(event_type: EventQuery['event_type']): readonly unknown[] {
  if (event_type === undefined) return []
  // Version 2 knows warnings. No event is one here, and none has two types.
  return event_type === 'warning' ? [{ event_type: 'normal' }, { event_type: 'abnormal' }] : [{ event_type }]
}

/** All events of the service. */
export function serviceConditions({ project_id, service_id }: EventQuery): readonly unknown[] {
  return [{ project_id }, { service_id }]
}

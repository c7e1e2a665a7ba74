import { z } from 'zod'
import type { Records } from '../../resource/records.ts'
import type { Resource } from '../../resource/resource.ts'
import { states } from '../../resource/state.ts'
import { dayMs } from '../../resource/statistics/grid.ts'
import { bucketFieldsOf, groupNamesOf, hasDuration } from '../../resource/statistics/statistics.ts'
import { timeZoneFault } from '../../schedule/time-zone.ts'
import { textCheck } from '../../text-check.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { querySchema } from './query-schema.ts'

const maxGroups = 100
const maxPercentiles = 10
/** Ten thousand years. */
const maxBucketMs = 3_652_500 * dayMs

/** `X_stats`: the rows that fulfil the conditions, counted by field, by time and by state. */
export function statisticsMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_stats`,
    summary: `How many ${resource.summary} fulfil the conditions, by field, by time and by state`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      group_by: groupBySchema(resource).default([]),
      bucket: bucketSchema(resource).optional(),
      top: z.int().min(1).max(maxGroups).default(20).describe('The most groups, those with the most records'),
      percentiles: percentilesSchema(resource).default([]),
    },
    result: statisticsSchema,
    handle: ({ params: { query, group_by: groupBy, bucket, top, percentiles }, caller }) =>
      records.statistics(caller, query, { groupBy, bucket, top, percentiles }),
  })
}

function groupBySchema(resource: Resource) {
  return z
    .array(z.enum(groupNamesOf(resource)))
    .max(2)
    .superRefine((names, context) => {
      const again = names.findIndex((name, i) => names.indexOf(name) < i)
      if (again >= 0) context.addIssue({ code: 'custom', path: [again], message: 'expected another field' })
    })
    .describe('One group for each value of the field, or of both; absent: one of all records')
}

function bucketSchema(resource: Resource) {
  const { time } = resource.ordering
  return z.strictObject({
    ms: z
      .union([
        z.literal('auto'),
        z
          .int()
          .min(1)
          .max(maxBucketMs)
          .refine(ms => ms < dayMs || ms % dayMs === 0, 'expected whole days (of 86400000 ms)'),
      ])
      .describe('The length; from a day on, whole days'),
    field: z.enum(bucketFieldsOf(resource)).optional().describe(`The time to go by; absent: ${time}`),
    time_zone: z
      .string()
      .max(64)
      .superRefine(textCheck(timeZoneFault))
      .optional()
      .describe('By whose clock days begin, a name of the IANA database; absent: UTC'),
  })
}

/** Only runs have a duration. */
function percentilesSchema(resource: Resource) {
  const schema = z.array(z.number().min(0).max(1))
  return hasDuration(resource)
    ? schema.max(maxPercentiles).describe('Of the duration, e.g. [0.5, 0.95]')
    : schema.max(0, 'these records have no duration')
}

const counts = {
  count: z.int(),
  by_state: z.strictObject(
    Object.fromEntries(states.map(state => [state, z.int()])) as Record<(typeof states)[number], z.ZodInt>,
  ),
}

const statisticsSchema = z.strictObject({
  total: z.int(),
  groups: z.array(
    z.strictObject({
      key: z.record(z.string(), z.string().nullable()),
      ...counts,
      duration: z
        .record(z.string(), z.int().nullable())
        .optional()
        .describe('Milliseconds by p50, p95 and so on; null where nothing has ended'),
    }),
  ),
  buckets: z.array(z.strictObject({ time: z.int().describe('When it begins, epoch ms'), ...counts })),
  truncated: z.boolean().describe('Whether there are more groups'),
})

import { z } from 'zod'
import { maxNameLength, nameTextFault } from '../../permission/pattern.ts'
import type { Records } from '../../resource/records.ts'
import { groupNamesOf } from '../../resource/statistics/statistics.ts'
import { textCheck } from '../../text-check.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { querySchema } from './query-schema.ts'

const prefixSchema = z
  .string()
  .superRefine(textCheck(text => (text === '' ? undefined : nameTextFault(text))))
  .meta({ maxLength: maxNameLength })

/** `X_facet`: the values of a field among the rows that the conditions find, the most frequent first. */
export function facetMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_facet`,
    summary: `The values that a field has among the ${resource.summary} that fulfil the conditions, with their counts`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      field: z.enum(groupNamesOf(resource)).describe('A field of names or of few values, or state'),
      prefix: prefixSchema.optional().describe('Only values that begin with it; no character is special'),
      limit: z.int().min(1).max(100).default(20).describe('Values in the answer, the most frequent first'),
    },
    result: z.strictObject({
      values: z.array(
        z.strictObject({ value: z.string().nullable(), count: z.int().describe('Rows that have it') }),
      ),
      truncated: z.boolean().describe('Whether there are more values'),
    }),
    handle: ({ params: { query, field, prefix, limit }, caller }) =>
      records.facet(caller, query, { field, prefix, limit }),
  })
}

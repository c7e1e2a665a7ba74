import { z } from 'zod'
import { JsonText } from '../../json.ts'
import type { Records } from '../../resource/records.ts'
import { rowSchema } from '../../resource/row.ts'
import { arrayText } from '../../resource/select/read.ts'
import { madeSchemas, shownNames } from '../../resource/select/shown-fields.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { querySchema } from './query-schema.ts'

/** `X_query`: the rows that fulfil the conditions, newest first, as an array. */
export function queryMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_query`,
    summary: `The ${resource.summary} that fulfil the conditions, newest first`,
    params: { token: credentialParam, query: querySchema(resource) },
    result: z.array(rowSchema(resource)),
    records: {
      resource: resource.name,
      summary: resource.summary,
      key: resource.ordering.key,
      newest_by: resource.ordering.time,
      named_by: resource.nameField,
      is_run: resource.finish !== undefined,
    },
    handle: ({ params, caller }) => records.select(caller, params.query),
  })
}

/** `X_page`: the rows page by page, each exactly once however many are appended meanwhile. */
export function pageMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_page`,
    summary: `The ${resource.summary} that fulfil the conditions, a page at a time`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      after: z.string().nullish().describe('The `next` of the page before'),
      order: z.enum(['newest', 'oldest']).default('newest'),
      fields: z
        .array(z.enum(shownNames(resource)))
        .min(1)
        .optional()
        .describe('Only these members of each row; also state, duration_ms and error_first_line'),
      count: z.enum(['none', 'exact', 'estimate']).default('none'),
    },
    result: z.strictObject({
      rows: z.array(rowSchema(resource).extend(madeSchemas(resource)).partial()),
      next: z.string().nullable(),
      count: z.int().optional(),
    }),
    async handle({ params: { query, after, order, fields, count }, caller }) {
      const page = await records.page(caller, query, { after, order, fields, count })
      const rows = arrayText(page.rows.map(row => row.text))
      const counted = page.count === undefined ? '' : `,"count":${page.count}`
      return new JsonText(`{"rows":${rows},"next":${JSON.stringify(page.next)}${counted}}`)
    },
  })
}

/** `X_count`: how many rows the conditions find; a limit or last bounds it. */
export function countMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_count`,
    summary: `How many ${resource.summary} fulfil the conditions`,
    params: { token: credentialParam, query: querySchema(resource) },
    result: z.strictObject({ count: z.int() }),
    async handle({ params, caller }) {
      return { count: await records.count(caller, params.query) }
    },
  })
}

/** `X_get`: one whole row. */
export function getMethod(records: Records): Method {
  const { name, ordering, ...resource } = records.resource
  return defineMethod({
    name: `${name}_get`,
    summary: `One of the ${resource.summary}, whole`,
    params: { token: credentialParam, id: z.int().describe(`The record's \`${ordering.key}\``) },
    result: rowSchema(records.resource),
    handle: ({ params, caller }) => records.get(caller, params.id),
  })
}

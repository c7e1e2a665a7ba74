import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { invalidParams } from '../../errors.ts'
import { stringifyJson } from '../../json.ts'
import type { Records } from '../../resource/records.ts'
import { importRowSchema, newRowSchema } from '../../resource/row.ts'
import { actorOf, credentialParam, defineMethod, type Method } from '../method.ts'
import { querySchema } from './query-schema.ts'

/** Rows that one call may write. */
const maxRows = 1000

/** `X_append`: records rows; acknowledged once they are committed. */
export function appendMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_append`,
    summary: `Adds ${resource.summary}`,
    params: { token: credentialParam, rows: z.array(newRowSchema(resource)).min(1).max(maxRows) },
    result: z.strictObject({ ids: z.array(z.int()) }),
    handle: ({ params, caller }) => records.append(caller, params.rows),
  })
}

/** `X_finish`: ends a record that is still open, with a result or an error. One ended or not permitted: `{updated:0}`. */
export function finishMethod(records: Records): Method {
  const { resource } = records
  return defineMethod({
    name: `${resource.name}_finish`,
    summary: `Ends one of the ${resource.summary} that are still open`,
    params: {
      token: credentialParam,
      id: z.int(),
      result: z.unknown().optional().describe('What it returned; null counts as a result'),
      error_message: z.string().nullish().describe('Why it failed; instead of result'),
      finish_time: recordTime.optional().describe('When it ended, epoch ms; absent: now'),
    },
    result: z.strictObject({ updated: z.int() }),
    async handle({ params, caller }) {
      const errorMessage = params.error_message ?? null
      const result = Object.hasOwn(params, 'result') ? stringifyJson(params.result) : null
      if (errorMessage !== null && result !== null && result !== 'null') {
        throw invalidParams(
          'error_message',
          'expected either result or error_message, not both',
          'both_given',
        )
      }
      if (errorMessage === null && result === null) {
        throw invalidParams('result', 'expected result or error_message', 'outcome_missing')
      }
      const updated = await records.finish(caller, params.id, {
        result: errorMessage === null ? result : null,
        errorMessage,
        finishTime: params.finish_time,
      })
      return { updated }
    },
  })
}

/** `X_delete`: deletes exactly what the same conditions find. */
export function deleteMethod(records: Records): Method {
  const { resource } = records
  const name = `${resource.name}_delete`
  return defineMethod({
    name,
    isAudited: true,
    summary: `Deletes the ${resource.summary} that fulfil the conditions`,
    params: {
      token: credentialParam,
      query: querySchema(resource, true),
      dry_run: z
        .boolean()
        .default(false)
        .describe('Deletes nothing and says how many records it would delete'),
      max_affected: z.int().min(0).optional().describe('Deletes nothing if more records than this are found'),
    },
    result: z.strictObject({
      success: z.literal(true),
      deleted: z.int(),
      condition_count: z.int(),
      would_delete: z.int().optional(),
    }),
    async handle(call) {
      const { query, dry_run: isDryRun, max_affected: maxAffected } = call.params
      const { found, deleted } = await records.remove(actorOf(name, call), query, { isDryRun, maxAffected })
      const answer = { success: true, deleted, condition_count: query.condition.length }
      return isDryRun ? { ...answer, would_delete: found } : answer
    },
  })
}

/** `X_import`: takes back what an export gave, under the same ids. For the super token alone. */
export function importMethod(records: Records): Method {
  const { resource } = records
  const name = `${resource.name}_import`
  return defineMethod({
    name,
    isAudited: true,
    summary: `Imports exported ${resource.summary} under their ids`,
    params: {
      token: credentialParam,
      rows: z.array(importRowSchema(resource)).min(1).max(maxRows).describe('Whole rows, with their ids'),
    },
    result: z.strictObject({
      imported: z.int(),
      skipped: z.int().describe('Rows that were already there with the same content'),
    }),
    handle: call => records.import(actorOf(name, call), call.params.rows),
  })
}

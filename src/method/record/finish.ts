import { z } from 'zod'
import { and, equal } from '../../condition/predicate.ts'
import { recordTime } from '../../condition/value.ts'
import { invalidParams } from '../../errors.ts'
import { stringifyJson } from '../../json.ts'
import type { FinishRule, Resource } from '../../resource/resource.ts'
import { rowFilter } from '../../resource/select/access.ts'
import { finishRows } from '../../resource/write/finish.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, writerOf } from './record-method.ts'

/** `X_finish`: ends a record that is still open, with a result or an error. One ended or not permitted: `{updated:0}`. */
export function finishMethod(resource: Resource, rule: FinishRule, deps: LogMethodDeps): Method {
  const writer = writerOf(resource, deps)
  return defineMethod({
    name: `${resource.name}_finish`,
    summary: `Ends one of the ${resource.summary} that is still open`,
    params: {
      token: credentialParam,
      id: z.int(),
      result: z.unknown().optional().describe('What it returned; null counts as returned'),
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
      const record = and(equal(resource.ordering.key, params.id), rule.open)
      const updated = await finishRows(writer, rule, {
        predicates: [record, ...rowFilter(resource, 'write', caller)],
        result: errorMessage === null ? result : null,
        errorMessage,
        finishTime: params.finish_time ?? deps.clock(),
      })
      return { updated }
    },
  })
}

import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { resources } from '../../resource/kind/index.ts'
import type { Rule } from '../../retention/rule.ts'

/** Rules are applied once a minute: a shorter life could not be kept to. */
const leastAgeMs = 60_000

const names = resources.map(({ name }) => name)

/** The members of a rule; the elements of the condition are read by `planExpired`, which knows their paths. */
export const ruleParams = {
  resource: z.enum(names).describe('Of which kind of record'),
  query: z.strictObject({
    condition: z.array(z.unknown()).describe('As for X_query, without limit and last; all hold together'),
  }),
  older_than_ms: z
    .int()
    .min(leastAgeMs)
    .describe('Counted from the time that orders the records: start_time, created_time, occur_time, …'),
}

export const ruleId = z.int().describe('As retention_set and retention_list give it')

export const shownRuleSchema = z
  .strictObject({
    id: z.int(),
    resource: z.string(),
    query: z.strictObject({ condition: z.array(z.unknown()) }),
    older_than_ms: z.int(),
    last_run_time: z.int().nullable().describe('When the last run began, epoch ms'),
    last_deleted: z.int().nullable().describe('What the last run has deleted so far'),
    last_error: z.string().nullable().describe('Why the last run ended early'),
    deleted: z.int().describe('What all runs have deleted'),
    created_time: z.int(),
    updated_time: z.int(),
  })
  .meta({ title: 'retention rule' })

export function showRule(rule: Rule): z.infer<typeof shownRuleSchema> {
  return {
    id: rule.id,
    resource: rule.resource,
    query: { condition: [...rule.condition] },
    older_than_ms: rule.olderThanMs,
    last_run_time: rule.lastRunTime,
    last_deleted: rule.lastDeleted,
    last_error: rule.lastError,
    deleted: rule.deleted,
    created_time: rule.createdTime,
    updated_time: rule.updatedTime,
  }
}

export function ruleNotFound(): RpcError {
  return new RpcError('not_found', 'There is no such rule', { reason: 'rule_not_found', path: 'id' })
}

import { z } from 'zod'
import { invalidParams } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import { requireSuper } from '../permission/grant.ts'
import type { RecordService } from '../resource/records.ts'
import { readerOf } from '../resource/table.ts'
import { planExpired, previewExpired } from '../retention/expired.ts'
import { type RuleDefinition, retentionRule, ruleId, ruleParams, rules } from '../retention/rule.ts'
import { tellBeforeEnd } from '../retention/told.ts'
import { withViews } from '../view/load-views.ts'
import { definitionMethods, notFound } from './definition.ts'
import { credentialParam, defineMethod, type Method } from './method.ts'

/** All `retention_*` methods: what is deleted when it is old enough. */
export function retentionMethods(records: RecordService): readonly Method[] {
  const { clock, maxConditions } = records
  const own = definitionMethods(retentionRule, records, {
    async create(rule) {
      const query = await withViews(records.database, rule.query, null)
      planExpired({ ...rule, query }, { now: clock(), maxConditions })
      return rule
    },
    remove: (runner, { id }) => tellBeforeEnd(runner, id),
  })
  return [...own, previewMethod(records)]
}

const ruleSchema = z.strictObject(ruleParams)
const params = {
  token: credentialParam,
  ...ruleSchema.partial().shape,
  id: ruleId.optional().describe('The id of an existing rule, instead of the other parameters'),
}

/** `retention_preview`: what a rule would delete now, stored or not. */
function previewMethod({ database, cache, clock, maxConditions }: RecordService): Method {
  return defineMethod({
    name: 'retention_preview',
    summary: 'Says what a rule would delete now, and deletes nothing',
    params,
    result: z.strictObject({
      would_delete: z.int(),
      oldest: z.int().nullable().describe('The time of the oldest of them, epoch ms'),
    }),
    async handle({ params: { token: _, ...given }, caller }) {
      requireSuper(caller)
      const wanted = readWanted(given)
      const rule = typeof wanted === 'number' ? await rules.find(database, wanted) : wanted
      if (rule === undefined) throw notFound(retentionRule)
      const query = await withViews(database, rule.query, null)
      const expired = planExpired({ ...rule, query }, { now: clock(), maxConditions })
      const { count, oldest } = await previewExpired(readerOf(expired.resource, { database, cache }), expired)
      return { would_delete: count, oldest }
    },
  })
}

/** The id of a stored rule, or a rule that is given. Throws RpcError -32602. */
function readWanted({
  id,
  ...given
}: z.output<z.ZodObject<Omit<typeof params, 'token'>>>): number | RuleDefinition {
  const { query } = given
  if (id === undefined)
    return parseInput(ruleSchema, { ...given, query: query && { condition: query.condition } })
  const [other] = Object.keys(given)
  if (other === undefined) return id
  throw invalidParams(other, 'not together with id')
}

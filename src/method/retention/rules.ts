import { z } from 'zod'
import { planExpired } from '../../retention/expired.ts'
import { listRules, removeRule, setRule } from '../../retention/rule.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import type { LogMethodDeps } from '../record/record-method.ts'
import { requireSuper } from '../token/token-method.ts'
import { ruleId, ruleNotFound, ruleParams, shownRuleSchema, showRule } from './rule-wire.ts'

/** The methods that keep the rules. They delete whoever's records, so they are the super token's. */
export function ruleMethods({ database, clock, maxConditions }: LogMethodDeps): readonly Method[] {
  const set = defineMethod({
    name: 'retention_set',
    summary:
      'Has records deleted once they are old enough; the same resource and conditions again change the age',
    params: { token: credentialParam, ...ruleParams },
    result: z.strictObject({ id: z.int() }),
    async handle({ params: { resource, query, older_than_ms: olderThanMs }, caller }) {
      requireSuper(caller)
      const rule = { resource, condition: query.condition, olderThanMs }
      planExpired(rule, { now: clock(), maxConditions })
      return { id: await setRule(database, rule) }
    },
  })

  const list = defineMethod({
    name: 'retention_list',
    summary: 'Shows the rules, the oldest first, and what their runs have deleted',
    params: { token: credentialParam },
    result: z.strictObject({ rules: z.array(shownRuleSchema) }),
    async handle({ caller }) {
      requireSuper(caller)
      return { rules: (await listRules(database)).map(showRule) }
    },
  })

  const remove = defineMethod({
    name: 'retention_delete',
    summary: 'Deletes a rule; what it would have deleted stays',
    params: { token: credentialParam, id: ruleId },
    result: z.strictObject({ success: z.literal(true) }),
    async handle({ params, caller }) {
      requireSuper(caller)
      if (!(await removeRule(database, params.id))) throw ruleNotFound()
      return { success: true }
    },
  })

  return [set, list, remove]
}

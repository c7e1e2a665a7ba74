import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { AnyTables } from '../../condition/compile.ts'
import { invalidParams } from '../../errors.ts'
import { planExpired } from '../../retention/expired.ts'
import { previewExpired } from '../../retention/preview.ts'
import { findRule, type RuleDefinition } from '../../retention/rule.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import type { LogMethodDeps } from '../record/record-method.ts'
import { requireSuper } from '../token/token-method.ts'
import { ruleId, ruleNotFound, ruleParams } from './rule-wire.ts'

const { resource, query, older_than_ms } = ruleParams

const params = {
  token: credentialParam,
  resource: resource.optional(),
  query: query.optional(),
  older_than_ms: older_than_ms.optional(),
  id: ruleId.optional().describe('Of a rule there is, instead of the others'),
}

/** `retention_preview`: what a rule would delete now, whether or not it is there. */
export function previewMethod({ database, cache, clock, maxConditions }: LogMethodDeps): Method {
  return defineMethod({
    name: 'retention_preview',
    summary: 'Says what a rule would delete now, and deletes nothing',
    params,
    result: z.strictObject({
      would_delete: z.int(),
      oldest: z.int().nullable().describe('The time of the oldest of them, epoch ms'),
    }),
    async handle({ params, caller }) {
      requireSuper(caller)
      const wanted = readWanted(params)
      const rule = typeof wanted === 'number' ? await findRule(database, wanted) : wanted
      if (rule === undefined) throw ruleNotFound()
      const expired = planExpired(rule, { now: clock(), maxConditions })
      const builder = database.kysely as unknown as Kysely<AnyTables>
      const { count, oldest } = await previewExpired({ builder, cache, runner: database.read }, expired)
      return { would_delete: count, oldest }
    },
  })
}

/** The id of a rule, or what one would say. */
function readWanted({ id, ...rule }: z.output<z.ZodObject<typeof params>>): number | RuleDefinition {
  const { resource, query, older_than_ms: olderThanMs } = rule
  if (id !== undefined) {
    const other = (['resource', 'query', 'older_than_ms'] as const).find(name => rule[name] !== undefined)
    if (other === undefined) return id
    throw invalidParams(other, 'not together with id')
  }
  if (resource === undefined) throw invalidParams('resource', 'expected a resource, or the id of a rule')
  if (query === undefined) throw invalidParams('query', 'expected an object')
  if (olderThanMs === undefined) throw invalidParams('older_than_ms', 'expected a whole number')
  return { resource, condition: query.condition, olderThanMs }
}

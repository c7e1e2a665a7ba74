import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  limitWordsOf,
  permissionText,
  scopeText,
  writePermission,
  writeScope,
} from '../../../src/console/model/limit-form.ts'
import type { JsonSchema } from '../../../src/console/model/schema-form.ts'
import {
  permissionSchema,
  permissionVerbs,
  scopeKinds,
  scopeSchema,
  tokenLimitSchema,
} from '../../../src/permission/limit.ts'

describe('the words of limits', () => {
  const schemas = { scope: scopeSchema, permission: permissionSchema }
  const params = Object.entries(schemas).map(([name, schema]) => ({
    name,
    schema: z.toJSONSchema(schema) as JsonSchema,
  }))
  const words = limitWordsOf({
    methods: [{ name: 'token_explain', summary: '', params }],
    components: { schemas: {} },
  })

  it('are those that the server knows', () => {
    expect(words.scopes).toEqual(['global', ...scopeKinds])
    expect(Object.fromEntries(words.permissions.map(({ kind, verbs }) => [kind, verbs]))).toEqual(
      permissionVerbs,
    )
  })

  it('make limits that the server takes', () => {
    const scopes = words.scopes.map(kind => writeScope({ kind, pattern: 'demo_*' }))
    const permissions = words.permissions.flatMap(({ kind, verbs }) =>
      verbs.map(verb => writePermission({ kind, verb, pattern: 'demo_*' }, words)),
    )
    expect(tokenLimitSchema.safeParse([{ scopes, permissions }]).success).toBe(true)
  })

  it('are shown in a line each', () => {
    expect(['global', { global: null }, { js_worker: 'demo_*' }].map(scopeText)).toEqual([
      'global',
      'global',
      'js_worker demo_*',
    ])
    expect([{ js_result: { read: '*' } }, { js_worker: 'create' }].map(permissionText)).toEqual([
      'js_result read *',
      'js_worker create',
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { explain } from '../../src/permission/explain.ts'
import type { Identity } from '../../src/permission/grant.ts'
import {
  compileLimits,
  compilePermission,
  compileScope,
  type TokenLimit,
  type WireScope,
} from '../../src/permission/limit.ts'

const limits: TokenLimit = [
  { scopes: [{ event: '*' }], permissions: [{ event_log: { read: '*' } }] },
  { scopes: [{ js_worker: 'a*' }], permissions: [{ js_result: { read: 'a*' } }] },
  { scopes: [{ js_worker: 'b' }], permissions: [{ js_result: { delete: '*' } }] },
]

const identity: Identity = { tokenKey: 'key', isSuper: false, limits: [compileLimits(limits)] }

function ask(who: Identity, scope: WireScope, verb: 'read' | 'write' | 'delete', name: string) {
  return explain(who, compileScope(scope), compilePermission({ js_result: { [verb]: name } }))
}

describe('an explanation', () => {
  test('names the limit that allows it', () => {
    expect(ask(identity, { js_worker: 'a1' }, 'read', 'a1')).toEqual({
      allowed: true,
      limit_index: 1,
      because: 'limit_covers_both',
    })
  })

  test.each([
    ['no scope', { js_worker: 'c' }, 'read', 'a', 'no_limit_covers_scope'],
    ['no scope, for that one is wider', { js_worker: '*' }, 'read', 'a', 'no_limit_covers_scope'],
    ['no global scope', 'global', 'read', 'a', 'no_limit_covers_scope'],
    ['no permission', { js_worker: 'a' }, 'write', 'a', 'no_limit_covers_permission'],
    ['no permission, for that one is wider', { js_worker: 'a' }, 'read', '*', 'no_limit_covers_permission'],
    ['scope and permission, but in two limits', { js_worker: 'b' }, 'read', 'a', 'no_limit_covers_both'],
  ] as const)('says that the token has %s', (_what, scope, verb, name, because) => {
    expect(ask(identity, scope, verb, name)).toEqual({ allowed: false, limit_index: null, because })
  })

  test('of the super token needs no limit', () => {
    const root: Identity = { tokenKey: 'root', isSuper: true, limits: [] }
    expect(ask(root, 'global', 'delete', '*')).toEqual({
      allowed: true,
      limit_index: null,
      because: 'super_token',
    })
  })

  test('of a JWT names its own limit, and refuses what its issuer no longer has', () => {
    const own = compileLimits([{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }])
    const jwt: Identity = { tokenKey: 'key', isSuper: false, limits: [compileLimits(limits), own] }
    expect(ask(jwt, { js_worker: 'a1' }, 'read', 'a1')).toMatchObject({ allowed: true, limit_index: 0 })
    expect(ask(jwt, { js_worker: 'c' }, 'read', 'c')).toMatchObject({ allowed: false })
  })
})

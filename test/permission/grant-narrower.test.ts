import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Identity, isNarrower, permits } from '../../src/permission/grant.ts'
import { compileLimits, permissionVerbs, scopeKinds, type TokenLimit } from '../../src/permission/limit.ts'
import { someLimits } from './random-limit.ts'

function identityOf(limits: TokenLimit): Identity {
  return { tokenKey: 'key', isSuper: false, limits: [compileLimits(limits)] }
}

function check(child: TokenLimit, parent: TokenLimit): boolean {
  return isNarrower(compileLimits(child), identityOf(parent))
}

/** Enough names to tell the two apart: each pattern's literal, and one that only a shorter prefix covers. */
function tellingNames(...lists: TokenLimit[]): readonly string[] {
  const literals = JSON.stringify(lists).match(/(?<=")[ab_/]+(?=\*?")/g) ?? []
  return ['x', ...literals, ...literals.map(literal => `${literal}x`)]
}

const actions = scopeKinds.flatMap(scope =>
  Object.entries(permissionVerbs).flatMap(([permission, verbs]) =>
    verbs.map(verb => ({ scope, permission, verb })),
  ),
)

const limitsOf = (scope: TokenLimit[number]['scopes'][number], name: string): TokenLimit => [
  { scopes: [scope], permissions: [{ js_result: { read: name } }] },
]

describe('limits', () => {
  test('are narrower than themselves and wider than none', () => {
    fc.assert(
      fc.property(someLimits, limits => {
        expect(check(limits, limits)).toBe(true)
        expect(check([], limits)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('are narrower exactly when they grant nothing that the parent does not', () => {
    let narrower = 0
    const pairs = fc.sample(fc.tuple(someLimits, someLimits), 1000)
    for (const [child, parent] of pairs) {
      const names = tellingNames(child, parent)
      const [childIdentity, parentIdentity] = [identityOf(child), identityOf(parent)]
      const leaks = actions.some(action =>
        names.some(name => permits(childIdentity, action, name) && !permits(parentIdentity, action, name)),
      )
      if (check(child, parent)) narrower++
      if (check(child, parent) === leaks) expect.fail(JSON.stringify({ child, parent, leaks }))
    }
    expect(narrower).toBeGreaterThan(50)
    expect(narrower).toBeLessThan(950)
  })

  test.each<[TokenLimit, TokenLimit, boolean]>([
    [limitsOf({ js_worker: 'demo_a' }, '*'), limitsOf({ js_worker: 'demo_*' }, '*'), true],
    [limitsOf({ js_worker: 'demo_*' }, 'demo_a'), limitsOf({ js_worker: 'demo_a' }, '*'), true],
    [limitsOf({ js_worker: '*' }, '*'), limitsOf('global', '*'), true],
    [limitsOf('global', '*'), limitsOf({ js_worker: '*' }, '*'), false],
    [limitsOf({ js_worker: 'demo_*' }, '*'), limitsOf({ js_worker: 'demo_a*' }, '*'), false],
    [limitsOf({ js_worker: 'a*' }, 'b*'), [], true],
    [limitsOf({ js_worker: 'a*' }, '*'), limitsOf({ js_worker: 'a' }, '*'), false],
    [limitsOf({ event: 'a' }, '*'), limitsOf({ js_worker: '*' }, '*'), false],
  ])('%j in %j: %j', (child, parent, expected) => {
    expect(check(child, parent)).toBe(expected)
  })

  test('of any kind are narrower than the super token', () => {
    const root: Identity = { tokenKey: 'root', isSuper: true, limits: [] }
    expect(isNarrower(compileLimits(limitsOf('global', '*')), root)).toBe(true)
  })
})

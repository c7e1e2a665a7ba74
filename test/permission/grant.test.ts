import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Action,
  type Identity,
  permits,
  permittedNames,
  requirePattern,
  requirePermission,
} from '../../src/permission/grant.ts'
import { compileLimits, type TokenLimit } from '../../src/permission/limit.ts'
import { compilePattern } from '../../src/permission/pattern.ts'
import { someAction, someLimits, someName } from './random-limit.ts'

/** The rule once more, straight from the wire form and without the code under test. */
function reference(lists: readonly TokenLimit[], action: Action, name: string): boolean {
  const fits = (pattern: unknown) =>
    typeof pattern === 'string' &&
    (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)
  const inScope = (scope: unknown) => {
    if (scope === 'global') return true
    const { global, [action.scope]: own } = scope as Record<string, unknown>
    return global === null || fits(own)
  }
  const isGranted = (permission: unknown) => {
    const verbs = (permission as Record<string, Record<string, unknown>>)[action.permission]
    return fits(verbs?.[action.verb])
  }
  return lists.every(list =>
    list.some(limit => limit.scopes.some(inScope) && limit.permissions.some(isGranted)),
  )
}

function inNameSet(identity: Identity, action: Action, name: string): boolean {
  const { everything, names, prefixes } = permittedNames(identity, action)
  return everything || names.includes(name) || prefixes.some(prefix => name.startsWith(prefix))
}

function identityOf(...lists: TokenLimit[]): Identity {
  return { tokenKey: 'key', isSuper: false, limits: lists.map(compileLimits) }
}

const read = { scope: 'js_worker', permission: 'js_result', verb: 'read' }
const remove = { ...read, verb: 'delete' }
const reading = (scope: string, name: string): TokenLimit[number] => ({
  scopes: [{ js_worker: scope }],
  permissions: [{ js_result: { read: name } }],
})

describe('permissions', () => {
  test('of 200 random tokens on 500 random names are the same by name, as a set and by the reference', () => {
    const lists = fc.array(someLimits, { minLength: 1, maxLength: 2 })
    const tokens = fc.sample(fc.tuple(lists, someAction), 200)
    const names = fc.sample(someName, 500)
    let allowed = 0
    for (const [token, action] of tokens) {
      const identity = identityOf(...token)
      for (const name of names) {
        const expected = reference(token, action, name)
        if (expected) allowed++
        if (permits(identity, action, name) === expected && inNameSet(identity, action, name) === expected)
          continue
        expect.fail(JSON.stringify({ token, action, name, expected }))
      }
    }
    expect(allowed).toBeGreaterThan(1000)
    expect(allowed).toBeLessThan(50_000)
  })

  test('agree on any token, action and name', () => {
    const lists = fc.array(someLimits, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(lists, someAction, someName, (token, action, name) => {
        const identity = identityOf(...token)
        expect(permits(identity, action, name)).toBe(reference(token, action, name))
        expect(inNameSet(identity, action, name)).toBe(reference(token, action, name))
      }),
      { numRuns: 3000 },
    )
  })

  test('permit a pattern when they permit all that it matches', () => {
    const lists = fc.array(someLimits, { minLength: 1, maxLength: 3 })
    const isPermitted = (identity: Identity, action: Action, text: string): boolean => {
      try {
        requirePattern(identity, action, compilePattern(text))
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(lists, someAction, someName, (token, action, name) => {
        const identity = identityOf(...token)
        expect(isPermitted(identity, action, name)).toBe(reference(token, action, name))
        // No pattern of theirs has a z: one that matches this name matches whatever begins like it.
        expect(isPermitted(identity, action, `${name}*`)).toBe(reference(token, action, `${name}z`))
      }),
      { numRuns: 1000 },
    )
  })

  test('never combine the scope of one limit with the permission of another', () => {
    const identity = identityOf([
      { scopes: [{ js_worker: 'a*' }], permissions: [{ js_result: { delete: '*' } }] },
      { scopes: [{ js_worker: 'b*' }], permissions: [{ js_result: { read: '*' } }] },
    ])
    expect(permits(identity, read, 'a1')).toBe(false)
    expect(permits(identity, read, 'b1')).toBe(true)
    expect(permits(identity, remove, 'b1')).toBe(false)
  })

  test('need both the scope and the name of the permission', () => {
    const identity = identityOf([reading('demo_*', 'demo_a*')])
    expect(['demo_a', 'demo_ab', 'demo_b', 'x'].filter(name => permits(identity, read, name))).toEqual([
      'demo_a',
      'demo_ab',
    ])
    expect(permittedNames(identity, read)).toEqual({ everything: false, names: [], prefixes: ['demo_a'] })
  })

  test('of an event scope say nothing about workers', () => {
    const identity = identityOf([{ scopes: [{ event: '*' }], permissions: [{ js_result: { read: '*' } }] }])
    expect(permits(identity, read, 'a')).toBe(false)
  })

  test('of a super token are all there are', () => {
    const identity: Identity = { tokenKey: 'key', isSuper: true, limits: [] }
    expect(permits(identity, read, 'anything')).toBe(true)
    expect(permittedNames(identity, read).everything).toBe(true)
  })

  test.each([
    ['no list', []],
    ['an empty list', [[]]],
    ['one empty list of two', [[reading('*', '*')], []]],
  ])('of an identity with %s are none', (_what, lists) => {
    const identity = identityOf(...lists)
    expect(permits(identity, read, 'a')).toBe(false)
    expect(permittedNames(identity, read)).toEqual({ everything: false, names: [], prefixes: [] })
  })

  test('are listed without what another one covers', () => {
    const identity = identityOf([
      reading('*', 'a'),
      reading('*', 'a*'),
      reading('*', 'ab*'),
      reading('*', 'b'),
      reading('b', '*'),
      reading('ba*', 'b*'),
    ])
    expect(permittedNames(identity, read)).toEqual({ everything: false, names: ['b'], prefixes: ['a', 'ba'] })
  })

  test('are listed once for an identity', () => {
    const identity = identityOf([reading('*', 'a*')])
    expect(permittedNames(identity, read)).toBe(permittedNames(identity, { ...read }))
    expect(permittedNames(identity, remove)).not.toEqual(permittedNames(identity, read))
  })

  test('that are missing are refused with 102, without the name', () => {
    expect(() => requirePermission(identityOf([reading('a', '*')]), read, 'a')).not.toThrow()
    expect(() => requirePermission(identityOf([]), read, 'secret_name')).toThrow(
      expect.objectContaining({ code: 102, data: { reason: 'permission_denied' } }),
    )
  })
})

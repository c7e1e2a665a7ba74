import fc from 'fast-check'
import { permissionKinds, scopeKinds, type TokenLimit } from '../../src/permission/limit.ts'

/** Few letters and short texts, so that names, scopes and permissions meet often. */
export const someName = fc.string({ unit: fc.constantFrom('a', 'b', '_', '/'), minLength: 1, maxLength: 4 })

const somePattern = fc.oneof(
  someName,
  someName.map(name => `${name}*`),
  fc.constant('*'),
)

// Most are about records: else few random tokens would read or delete any.
const someScopeKind = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('js_worker' as const, 'event' as const) },
  { weight: 1, arbitrary: fc.constantFrom(...scopeKinds) },
)
const { js_result, event_log } = permissionKinds
const somePermissionKind = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...Object.entries({ js_result, event_log })) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.entries(permissionKinds)) },
)

const someScope = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('global' as const, { global: null }) },
  {
    weight: 8,
    arbitrary: fc.tuple(someScopeKind, somePattern).map(([kind, pattern]) => ({ [kind]: pattern })),
  },
)

export const someAction = fc
  .tuple(
    someScopeKind,
    somePermissionKind.chain(([kind, verbs]) =>
      fc.constantFrom(...verbs).map(verb => ({ permission: kind, verb })),
    ),
  )
  .map(([scope, rest]) => ({ scope, ...rest }))

const somePermission = fc
  .tuple(someAction, somePattern)
  .map(([{ permission, verb }, pattern]) => ({ [permission]: { [verb]: pattern } }))

/** A token's limit list as it comes over the wire. */
export const someLimits: fc.Arbitrary<TokenLimit> = fc.array(
  fc.record({
    scopes: fc.array(someScope, { maxLength: 4 }),
    permissions: fc.array(somePermission, { maxLength: 6 }),
  }),
  { maxLength: 4 },
)

import fc from 'fast-check'
import { permissionKinds, scopeKinds, type TokenLimit } from '../../src/permission/limit.ts'
import { resources } from '../../src/resource/kind/index.ts'

/** Few letters and short texts, so that names, scopes and permissions meet often. */
export const someName = fc.string({ unit: fc.constantFrom('a', 'b', '_', '/'), minLength: 1, maxLength: 4 })

const somePattern = fc.oneof(
  someName,
  someName.map(name => `${name}*`),
  fc.constant('*'),
)

/** A kind of record, as scopes and permissions name it. */
interface RecordKind {
  readonly scope: string
  readonly permission: string
}

const someRecordKind = fc.constantFrom<RecordKind>(...resources)

// Most of a limit is about records of one kind: else few random tokens would read or delete any.
const someScopeKind = ({ scope }: RecordKind) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(scope) },
    { weight: 1, arbitrary: fc.constantFrom<string>(...scopeKinds) },
  )

const someScope = (about: RecordKind) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('global' as const, { global: null }) },
    {
      weight: 8,
      arbitrary: fc.tuple(someScopeKind(about), somePattern).map(([kind, pattern]) => ({ [kind]: pattern })),
    },
  )

interface Granted {
  readonly permission: string
  readonly verb: string
}

const allGranted = Object.entries<readonly string[]>(permissionKinds).flatMap(([permission, verbs]) =>
  verbs.map((verb): Granted => ({ permission, verb })),
)

const someGranted = ({ permission }: RecordKind): fc.Arbitrary<Granted> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...allGranted.filter(each => each.permission === permission)) },
    { weight: 1, arbitrary: fc.constantFrom(...allGranted) },
  )

const somePermission = (about: RecordKind) =>
  fc
    .tuple(someGranted(about), somePattern)
    .map(([{ permission, verb }, pattern]) => ({ [permission]: { [verb]: pattern } }))

export const someAction = someRecordKind.chain(about =>
  fc.tuple(someScopeKind(about), someGranted(about)).map(([scope, granted]) => ({ scope, ...granted })),
)

/** A token's limit list as it comes over the wire. */
export const someLimits: fc.Arbitrary<TokenLimit> = fc.array(
  someRecordKind.chain(about =>
    fc.record({
      scopes: fc.array(someScope(about), { maxLength: 4 }),
      permissions: fc.array(somePermission(about), { maxLength: 8 }),
    }),
  ),
  { maxLength: 10 },
)

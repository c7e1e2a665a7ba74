import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { rpc, type Wire } from '../../wire/support/wire.ts'
import { askRest } from './ask.ts'

export interface RestSurface {
  readonly resource: string
  readonly nameField: string
  readonly scope: string
  readonly permission: string
  pathOf(name: string): string
  /** A record of this name as `_append` takes it. */
  row(name: string): object
  /** An event as POST takes it. */
  body(name: string): object
  /** What says which events an answer to GET shows. */
  // biome-ignore lint/suspicious/noExplicitAny: what a client reads
  said(answer: any): readonly string[]
  /** The same of a row of `_query`. */
  saidBy(row: Readonly<Record<string, unknown>>): string
  /** The status of a GET for a name of which there is nothing. */
  readonly absent: 200 | 404
}

const names = ['a', 'ab', 'abc', 'b', 'b/c', 'ba']
const unrecorded = 'ac'
const tokens = 50

const somePattern = fc.constantFrom(...names, 'a*', 'ab*', 'b*', 'b/*', 'ac', 'z*', '*', '*', '*')

/** Limits of this surface's kinds, each of which may say something of others as well. */
function someLimits({ scope, permission }: RestSurface) {
  const someScope = fc.oneof(
    { weight: 6, arbitrary: somePattern.map(pattern => ({ [scope]: pattern })) },
    { weight: 1, arbitrary: fc.constant('global') },
    { weight: 1, arbitrary: somePattern.map(pattern => ({ js_worker: pattern })) },
  )
  const somePermission = fc
    .tuple(
      fc.constantFrom(permission, permission, 'js_result'),
      fc.constantFrom('read', 'read', 'write', 'delete'),
      somePattern,
    )
    .map(([kind, verb, pattern]) => ({ [kind]: { [verb]: pattern } }))
  return fc.array(
    fc.record({
      scopes: fc.array(someScope, { minLength: 1, maxLength: 3 }),
      permissions: fc.array(somePermission, { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 2 },
  )
}

function* sampleUntil<T>(arbitrary: fc.Arbitrary<T>, count: number, enough: () => boolean): Generator<T> {
  do yield* fc.sample(arbitrary, count)
  while (!enough())
}

/** A token sees and writes through REST what it does through RPC, and nothing else. */
export function describeRestAccess(wire: Wire, surface: RestSurface): void {
  const { resource, nameField, pathOf } = surface

  beforeAll(async () => {
    await wire.result(`${resource}_append`, { rows: names.map(surface.row) })
  })

  const query = (name: string) => ({ query: { condition: [{ [nameField]: name }] } })

  test(`${tokens} random tokens read what _query gives them`, async () => {
    const seen = { some: 0, none: 0 }
    // As many more as it takes until both have been seen often enough.
    const enough = () => seen.some > 20 && seen.none > 20
    for (const limits of sampleUntil(someLimits(surface), tokens, enough)) {
      const token = await wire.token(limits)
      const all = [...names, unrecorded]
      const calls = all.map(name => rpc(`${resource}_query`, { token, ...query(name) }, name))
      // biome-ignore lint/suspicious/noExplicitAny: what a client reads
      const answers = (await wire.ask(calls)) as any[]
      for (const { id: name, result } of answers) {
        const { status, json } = await askRest(wire, pathOf(name), { token })
        if (result === undefined) {
          expect(status, `${name} ${JSON.stringify(limits)}`).toBe(403)
          seen.none++
        } else if (result.length === 0) {
          expect(status).toBe(surface.absent)
        } else {
          expect(status, `${name} ${JSON.stringify(limits)}`).toBe(200)
          expect(surface.said(json)).toEqual(result.map(surface.saidBy))
          seen.some++
        }
      }
    }
  })

  test('a token writes what it may write, and nothing else', async () => {
    const count = async () =>
      (await wire.result<{ count: number }>(`${resource}_count`, { query: { condition: [] } })).count
    for (const [limits, writable] of [
      [
        [{ scopes: [{ [surface.scope]: 'ab*' }], permissions: [{ [surface.permission]: { write: '*' } }] }],
        ['ab', 'abc'],
      ],
      [[{ scopes: ['global'], permissions: [{ [surface.permission]: { write: 'b/c' } }] }], ['b/c']],
      [[{ scopes: ['global'], permissions: [{ [surface.permission]: { read: '*' } }] }], []],
      [[], []],
    ] as const) {
      const token = await wire.token(limits)
      for (const name of names) {
        const before = await count()
        const { status, json } = await askRest(wire, pathOf(name), { token, body: surface.body(name) })
        const mayWrite = (writable as readonly string[]).includes(name)
        expect([status, await count()], name).toEqual(mayWrite ? [200, before + 1] : [403, before])
        if (mayWrite) expect(json).toEqual({ ids: [expect.any(Number)] })
      }
    }
  })

  test('what is forbidden looks the same whether or not it is there', async () => {
    const token = await wire.token([
      { scopes: [{ [surface.scope]: 'elsewhere' }], permissions: [{ [surface.permission]: { read: '*' } }] },
    ])
    const [there, absent] = [
      await askRest(wire, pathOf('a'), { token }),
      await askRest(wire, pathOf(unrecorded), { token }),
    ]
    expect(there.status).toBe(403)
    expect([absent.status, absent.body]).toEqual([there.status, there.body])
  })
}

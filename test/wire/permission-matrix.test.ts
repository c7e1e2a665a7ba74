import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { someLimits, someName } from '../permission/random-limit.ts'
import { isPermitted, isPermittedSomewhere } from './permission-reference.ts'
import { secrets } from './support/app.ts'
import { describeApps, failure, rpc } from './support/wire.ts'

const tokenCount = 200
const nameCount = 500
const seed = Date.now()

interface Holder {
  readonly token: string
  readonly limits: TokenLimit
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number }
}

const kinds = [
  { resource: 'js-result', member: 'js_worker_name', scope: 'js_worker', permission: 'js_result', rest: {} },
  {
    resource: 'event-log',
    member: 'full_name',
    scope: 'event',
    permission: 'event_log',
    rest: { sender: 's' },
  },
] as const

const wholeName = fc.tuple(someName, someName).map(parts => parts.join(''))
const someNames = fc.uniqueArray(wholeName, { minLength: nameCount, maxLength: nameCount })
const names = fc.sample(someNames, { numRuns: 1, seed })[0] ?? []
const limitLists = fc.sample(someLimits, { numRuns: tokenCount, seed })

function namesFor({ limits }: Holder, kind: (typeof kinds)[number], verb: string): readonly string[] {
  return names.filter(name => isPermitted(limits, { ...kind, verb }, name))
}

/** The results where the holder may do this to some object, there or not; else as often 102. */
function resultsOr102(
  holder: Holder,
  kind: (typeof kinds)[number],
  verb: string,
  results: readonly unknown[],
) {
  if (isPermittedSomewhere(holder.limits, { ...kind, verb })) {
    return results.map(result => expect.objectContaining({ result }))
  }
  return results.map(() => failure(102, 'permission_denied'))
}

describeApps(
  `${tokenCount} random tokens on the records of ${nameCount} names`,
  (wire, engine) => {
    let holders: readonly Holder[]

    beforeAll(async () => {
      for (const { resource, member, rest } of kinds) {
        await wire.result(`${resource}_append`, { rows: names.map(name => ({ [member]: name, ...rest })) })
      }
      const token = secrets.root
      const creations = limitLists.map(token_limit => ({ token, token_creation: { token_limit } }))
      const made = await wire.ask(creations.map(params => rpc('token_create', params)))
      holders = (made as { result: { key: string; secret: string } }[]).map(({ result }, i) => ({
        token: `${result.key}:${result.secret}`,
        limits: limitLists[i] ?? [],
      }))
    })

    const askAs = ({ token }: Holder, calls: readonly (readonly [string, object])[]) =>
      wire.ask(calls.map(([method, params]) => rpc(method, { token, ...params }))) as Promise<Answer[]>

    test.each(kinds)(
      '$resource: without a name what is permitted is found, all of it and nothing else',
      async kind => {
        const { resource, member } = kind
        const query = { condition: [{ limit: 1000 }] }
        let partial = 0
        for (const holder of holders) {
          const answers = await askAs(holder, [
            [`${resource}_query`, { query }],
            [`${resource}_page`, { query, fields: [member] }],
            [`${resource}_count`, { query }],
            [`${resource}_delete`, { query: { condition: ['all'] }, dry_run: true }],
          ])
          const mine = namesFor(holder, kind, 'read')
            .toReversed()
            .map(name => ({ [member]: name }))
          const would_delete = namesFor(holder, kind, 'delete').length
          expect(answers, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual([
            ...resultsOr102(holder, kind, 'read', [
              mine.map(row => expect.objectContaining(row)),
              { rows: mine, next: null },
              { count: mine.length },
            ]),
            ...resultsOr102(holder, kind, 'delete', [expect.objectContaining({ deleted: 0, would_delete })]),
          ])
          if (mine.length > 0 && mine.length < names.length) partial++
        }
        // Else the tokens were too much alike to tell anything.
        expect(partial).toBeGreaterThan(10)
      },
    )

    test('by its name each object is answered or 102, exactly as permitted', async () => {
      // Each engine is asked about every other pair of a token and a name: what decides is above the engine.
      const first = engine === 'postgres' ? 0 : 1
      for (const [i, holder] of holders.entries()) {
        const kind = kinds[i % 2 === 0 ? 0 : 1]
        const asked = names.filter((_, j) => (i + j) % 2 === first)
        const calls = asked.map(name => {
          const query = { condition: [{ [kind.member]: name }, { limit: 0 }] }
          return [`${kind.resource}_query`, { query }] as const
        })
        const codes = (await askAs(holder, calls)).map(answer => answer.error?.code)
        const mine = new Set(namesFor(holder, kind, 'read'))
        const expected = asked.map(name => (mine.has(name) ? undefined : 102))
        expect(codes, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual(expected)
      }
    })
  },
  { env: { DAYBOOK_MAX_BATCH: String(nameCount) } },
)

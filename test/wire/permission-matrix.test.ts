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

const kinds = [
  { resource: 'js-result', member: 'js_worker_name', scope: 'js_worker', permission: 'js_result', other: {} },
  {
    resource: 'event-log',
    member: 'full_name',
    scope: 'event',
    permission: 'event_log',
    other: { sender: 's' },
  },
] as const

const wholeName = fc.tuple(someName, someName).map(parts => parts.join(''))
const someNames = fc.uniqueArray(wholeName, { minLength: nameCount, maxLength: nameCount })
const all = { condition: [{ limit: 1000 }] }
const denied = failure(102, 'permission_denied')

describeApps(
  `${tokenCount} random tokens on the records of ${nameCount} names`,
  wire => {
    const names = fc.sample(someNames, { numRuns: 1, seed })[0] ?? []
    const limitLists = fc.sample(someLimits, { numRuns: tokenCount, seed })
    let holders: readonly Holder[]

    beforeAll(async () => {
      const token = secrets.root
      for (const { resource, member, other } of kinds) {
        await wire.result(`${resource}_append`, { rows: names.map(name => ({ [member]: name, ...other })) })
      }
      const made = await wire.ask(
        limitLists.map(token_limit => rpc('token_create', { token, token_creation: { token_limit } })),
      )
      holders = (made as { result: { key: string; secret: string } }[]).map(({ result }, i) => ({
        token: `${result.key}:${result.secret}`,
        limits: limitLists[i] ?? [],
      }))
    })

    test.each(kinds)(
      '$resource: without a name exactly what is permitted is found, counted and deleted',
      async kind => {
        const { resource, member } = kind
        let partial = 0
        for (const { token, limits } of holders) {
          const [query, page, count, remove] = (await wire.ask([
            rpc(`${resource}_query`, { token, query: all }),
            rpc(`${resource}_page`, { token, query: all, fields: [member] }),
            rpc(`${resource}_count`, { token, query: { condition: [] } }),
            rpc(`${resource}_delete`, { token, query: { condition: ['all'] }, dry_run: true }),
          ])) as { result: object }[]
          const where = `seed ${seed}, limits ${JSON.stringify(limits)}`

          const readable = names
            .filter(name => isPermitted(limits, { ...kind, verb: 'read' }, name))
            .toReversed()
          if (readable.length > 0 && readable.length < names.length) partial++
          if (isPermittedSomewhere(limits, { ...kind, verb: 'read' })) {
            const found = query?.result as Record<string, unknown>[]
            expect(
              found.map(row => row[member]),
              where,
            ).toEqual(readable)
            const rows = readable.map(name => ({ [member]: name }))
            expect(page?.result, where).toEqual({ rows, next: null })
            expect(count?.result, where).toEqual({ count: readable.length })
          } else expect([query, page, count], where).toEqual([denied, denied, denied])

          const removable = names.filter(name => isPermitted(limits, { ...kind, verb: 'delete' }, name))
          if (isPermittedSomewhere(limits, { ...kind, verb: 'delete' })) {
            expect(remove?.result, where).toMatchObject({ deleted: 0, would_delete: removable.length })
          } else expect(remove, where).toEqual(denied)
        }
        // Else the tokens were too much alike to tell anything.
        expect(partial).toBeGreaterThan(10)
      },
    )

    test('by its name each object is answered or 102, exactly as permitted', async () => {
      for (const [i, { token, limits }] of holders.entries()) {
        const kind = kinds[i % 2 === 0 ? 0 : 1]
        const answers = (await wire.ask(
          names.map(name =>
            rpc(`${kind.resource}_query`, {
              token,
              query: { condition: [{ [kind.member]: name }, { limit: 0 }] },
            }),
          ),
        )) as { error?: { code: number } }[]
        const codes = names.map(name =>
          isPermitted(limits, { ...kind, verb: 'read' }, name) ? undefined : 102,
        )
        expect(
          answers.map(answer => answer.error?.code),
          `seed ${seed}, limits ${JSON.stringify(limits)}`,
        ).toEqual(codes)
      }
    })
  },
  { env: { DAYBOOK_MAX_BATCH: String(nameCount) } },
)

import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import type { Identity } from '../../src/permission/grant.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { groupNamesOf } from '../../src/resource/statistics/statistics.ts'
import { conditionClock, someConditionList, someNameText } from '../condition/random-condition.ts'
import { describeEngines } from '../support/databases.ts'
import { repetitions } from '../support/repetitions.ts'
import { type Call, createCaller, holderOf, superToken } from './caller.ts'
import { randomRows } from './random-row.ts'
import { recordAll } from './record-rows.ts'
import { compareNewest, matcherOf, matches, splitList, type WireRow } from './reference.ts'

interface Asked {
  readonly field: string
  readonly prefix?: string | undefined
  readonly limit?: number | undefined
}

/** The value that a row counts for. */
function valueIn({ language }: Resource, row: WireRow, field: string): unknown {
  if (field !== 'state') return row[field]
  const words = ['success', 'failure', 'running', 'waiting'].filter(word => language.words.has(`is_${word}`))
  return words.find(word => matches(row, `is_${word}`)) ?? null
}

/** The facet of rows that were found, without the code under test. */
function facetOf(resource: Resource, found: readonly WireRow[], asked: Asked): object {
  const { field, prefix = '', limit = 20 } = asked
  const counts = new Map<unknown, number>()
  for (const row of found) {
    const value = valueIn(resource, row, field)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const all = [...counts]
    .map(([value, count]) => ({ value: value as string | null, count }))
    .filter(({ value }) => (value ?? '').startsWith(prefix))
    .sort((a, b) => b.count - a.count || compareBytes(a.value, b.value))
  return { values: all.slice(0, limit), truncated: all.length > limit }
}

function compareBytes(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Who may read the objects of these patterns, and which names those are. */
interface Reader {
  readonly identity: Identity
  mayRead(name: unknown): boolean
}

const patterns = ['*', 'w*', 'w1', 'demo_*', 'x', '漢*', 'nobody*', 'W*']

function readerOf({ scope, permission }: Resource, granted: readonly string[] | undefined): Reader {
  if (granted === undefined) return { identity: superToken, mayRead: () => true }
  const limits = [
    {
      scopes: granted.map(pattern => ({ [scope]: pattern })),
      permissions: [{ [permission]: { read: '*' } }],
    },
  ]
  const mayRead = (name: unknown) =>
    granted.some(pattern =>
      pattern.endsWith('*') ? String(name).startsWith(pattern.slice(0, -1)) : name === pattern,
    )
  return { identity: holderOf(limits as TokenLimit), mayRead }
}

describeEngines('the facet of random conditions', (open, engine) => {
  const tables = new Map<Resource, readonly WireRow[]>()
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { now: conditionClock })
    for (const resource of resources) {
      const rows = randomRows(resource, 600)
      const keys = await recordAll({ database, call, resource }, rows)
      const recorded = rows.map((row, i) => ({ [resource.ordering.key]: keys[i], ...row }))
      tables.set(resource, recorded.toSorted(compareNewest(resource)))
    }
    await sql`analyze`.execute(database.kysely)
  })

  test.each(resources)(
    'of $name counts the values among the rows that the query finds and the token may read',
    async resource => {
      const rows = tables.get(resource) ?? []
      const asked: fc.Arbitrary<Asked> = fc.record({
        field: fc.oneof(fc.constantFrom(...groupNamesOf(resource)), fc.constant('state')),
        prefix: fc.oneof(
          { arbitrary: fc.constant(undefined), weight: 2 },
          fc.constantFrom('', 'w', 'W', 'su', 'demo', 'demo_', 'demo\\', '%', '漢', '\u{10ffff}', 'zz'),
          someNameText,
        ),
        limit: fc.oneof(fc.constant(undefined), fc.constantFrom(1, 2, 3, 5, 100)),
      })
      const granted = fc.option(fc.subarray(patterns, { minLength: 1, maxLength: 3 }), { nil: undefined })
      let telling = 0
      await fc.assert(
        fc.asyncProperty(someConditionList(resource), asked, granted, async (condition, asked, granted) => {
          const { identity, mayRead } = readerOf(resource, granted)
          const params = { query: { condition }, ...asked }
          const answer = call(`${resource.name}_facet`, params, identity)
          const counted = call(`${resource.name}_count`, { query: { condition } }, identity)
          const refused = await counted.then(
            () => undefined,
            error => error.code,
          )
          if (refused !== undefined) {
            await expect(answer).rejects.toMatchObject({ code: refused })
            return
          }
          const { filters, limit } = splitList(condition)
          const matchers = filters.map(matcherOf)
          const found = rows
            .filter(row => mayRead(row[resource.nameField]) && matchers.every(holds => holds(row)))
            .slice(0, limit)
          if (found.length > 0 && found.length < rows.length) telling++
          expect(await answer).toEqual(facetOf(resource, found, asked))
        }),
        { numRuns: repetitions(400, 80) / (engine === 'pglite' ? 2 : 1) },
      )
      expect(telling).toBeGreaterThan(5)
    },
    300_000,
  )
})

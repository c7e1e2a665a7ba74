import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { resources } from '../../src/resource/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { someConditionList } from '../condition/random-condition.ts'
import { describeEngines } from '../support/databases.ts'
import { appendAll, type Call, createCaller, type Page, undone, walkPages } from './caller.ts'
import { someRow } from './random-row.ts'
import { compareNewest, matches, splitList, type WireRow } from './reference.ts'

const rowCount = 5000
const listCount = 60

describeEngines('random condition lists over random rows', open => {
  const cache = createStatementCache()
  let database: Database
  let call: Call
  const rowsOf = new Map<Resource, readonly WireRow[]>()

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { cache })
    for (const resource of resources) rowsOf.set(resource, await load(call, resource))
    await sql`analyze`.execute(database.kysely)
  })

  test.each(resources)('every row of $name comes back as it was appended', async resource => {
    const rows = rowsOf.get(resource) ?? []
    const found: WireRow[] = []
    let after: string | null = null
    do {
      const page: Page = await call(`${resource.name}_page`, {
        query: { condition: [{ limit: 1000 }] },
        after,
      })
      found.push(...page.rows)
      after = page.next
    } while (after !== null)
    expect(found).toEqual(rows)
    expect(Object.keys(found[0] ?? {})).toEqual(resource.fields.map(field => field.name))
  })

  test.each(resources)(
    'query, count, delete and page of $name do what the reference does',
    async resource => {
      const rows = rowsOf.get(resource) ?? []
      const someSizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 4 })
      const found: number[] = []
      await fc.assert(
        fc.asyncProperty(someConditionList(resource), someSizes, async (list, sizes) => {
          const { filters, limit } = splitList(list)
          const all = rows.filter(row => filters.every(filter => matches(row, filter))).map(idOf)
          found.push(all.length)
          const query = { condition: list }

          const queried = await call<WireRow[]>(`${resource.name}_query`, { query })
          expect(queried.map(idOf)).toEqual(all.slice(0, limit ?? 1000))

          const counted = await call(`${resource.name}_count`, { query })
          expect(counted).toEqual({ count: all.slice(0, limit).length })

          const pages = { call, resource, conditions: filters, sizes: sizes.map(size => enough(size, all)) }
          expect(await walkPages({ ...pages, order: 'newest' })).toEqual(all)
          expect(await walkPages({ ...pages, order: 'oldest' })).toEqual(all.toReversed())

          await undone(database, async inner => {
            const bound = filters.length === 0 && limit === undefined ? [...list, 'all'] : list
            const gone = all.slice(0, limit)
            const answer = await createCaller(inner, { cache })(`${resource.name}_delete`, {
              query: { condition: bound },
            })
            expect(answer).toEqual({ success: true, deleted: gone.length, condition_count: bound.length })
            const taken = new Set(gone)
            const left = new Set(rows.map(idOf).filter(id => !taken.has(id)))
            expect(await idsOf(inner, resource)).toEqual(left)
          })
        }),
        { numRuns: listCount },
      )
      // The lists are no test when they find nothing, or everything.
      expect(found.filter(count => count > 0 && count < rowCount).length).toBeGreaterThan(listCount / 3)
    },
    600_000,
  )
})

/** Appends random rows; answers with them as they should come back, newest first. */
async function load(call: Call, resource: Resource): Promise<readonly WireRow[]> {
  const rows = fc.sample(someRow(resource), rowCount)
  const ids = await appendAll(call, resource, rows)
  return rows.map((row, i) => ({ [resource.ordering.key]: ids[i], ...row })).toSorted(compareNewest(resource))
}

function idOf(row: WireRow): number {
  return Number(row.id)
}

/** A page size that needs no more than some ten pages. */
function enough(size: number, all: readonly unknown[]): number {
  return Math.max(size, Math.ceil(all.length / 10))
}

async function idsOf(database: Database, resource: Resource): Promise<Set<number>> {
  const ids = sql<{
    ids: string | null
  }>`select string_agg(id::text, ',') as ids from ${sql.table(resource.table)}`
  const text = (await ids.execute(database.kysely)).rows[0]?.ids
  return new Set(text?.split(',').map(Number))
}

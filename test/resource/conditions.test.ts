import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Order } from '../../src/condition/cursor.ts'
import type { Engine } from '../../src/database/database.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { conditionClock, someConditionList } from '../condition/random-condition.ts'
import { describeEngines } from '../support/databases.ts'
import { repetitions } from '../support/repetitions.ts'
import { type Call, createCaller, createUndoable, type Page, type Undoable, walkPages } from './caller.ts'
import { randomRows } from './random-row.ts'
import { recordAll } from './record-rows.ts'
import { compareNewest, matcherOf, splitList, type WireRow } from './reference.ts'

/** More than a query gives without a limit; the first two resources, whose conditions are the most, have more of them. */
function rowCountOf(resource: Resource): number {
  return resources.indexOf(resource) < 2 ? repetitions(5000, 2500) : repetitions(2000, 1500)
}

/**
 * The first resource bears the whole count; the others differ by their fields alone. PGlite runs the same SQL, at a third
 * of the speed.
 */
function listCountOf(resource: Resource, engine: Engine): number {
  const count = resource === resources[0] ? repetitions(1000, 200) : repetitions(100, 60)
  return count / (engine === 'pglite' ? 2.5 : 1)
}
const timeout = 900_000

/** A resource's records, newest first, in a database and in memory. */
interface Table {
  readonly database: Undoable
  readonly call: Call
  readonly resource: Resource
  readonly rows: readonly WireRow[]
}

describeEngines('random condition lists over random rows', (open, engine) => {
  const tables = new Map<Resource, Table>()

  beforeAll(async () => {
    const database = createUndoable(await open())
    const call = createCaller(database, { now: conditionClock })
    for (const resource of resources) {
      tables.set(resource, await load({ database, call, resource }))
    }
    await sql`analyze`.execute(database.kysely)
  })

  function tableOf(resource: Resource): Table {
    const table = tables.get(resource)
    if (table === undefined) throw new TypeError(`nothing loaded for ${resource.name}`)
    return table
  }

  test.each(resources)('every row of $name comes back as it was appended', async resource => {
    const table = tableOf(resource)
    const found = await readEveryRow(table)
    expect(found).toEqual(table.rows)
    expect(Object.keys(found[0] ?? {})).toEqual(resource.fields.map(field => field.name))
  })

  const sentence = 'query, count, delete and page of $name find what a filter in memory finds'
  test.each(resources)(
    sentence,
    async resource => {
      const table = tableOf(resource)
      const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 3 })
      // A walk costs more than all the rest: every sixth list is enough.
      const walked = fc.constantFrom<Order>('newest', 'oldest')
      const order = fc.oneof(
        { weight: 1, arbitrary: walked },
        { weight: 5, arbitrary: fc.constant(undefined) },
      )
      let telling = 0
      await fc.assert(
        fc.asyncProperty(someConditionList(resource), sizes, order, async (list, sizes, order) => {
          const { filters, limit } = splitList(list)
          const matchers = filters.map(matcherOf)
          const found = table.rows.filter(row => matchers.every(matches => matches(row)))
          const all = found.map(keyOf(resource))
          if (all.length > 0 && all.length < table.rows.length) telling++
          await expectFound(table, list, { all, limit })
          if (order !== undefined) await expectWalked(table, { filters, sizes, order }, all)
          if (resource.recorded !== 'keep') await expectDeleted(table, list, all.slice(0, limit))
        }),
        { numRuns: listCountOf(resource, engine) },
      )
      // Lists that find nothing, or everything, would say little; of a small sample most may be such by chance.
      const count = listCountOf(resource, engine)
      expect(telling).toBeGreaterThan(count >= 100 ? count / 5 : 0)
    },
    timeout,
  )
})

/** Records random rows; answers with them as they should come back. */
async function load(empty: Omit<Table, 'rows'>): Promise<Table> {
  const { resource } = empty
  const rows = randomRows(resource, rowCountOf(resource))
  const keys = await recordAll(empty, rows)
  const recorded = rows.map((row, i) => ({ [resource.ordering.key]: keys[i], ...row }))
  return { ...empty, rows: recorded.toSorted(compareNewest(resource)) }
}

async function readEveryRow({ call, resource }: Table): Promise<readonly WireRow[]> {
  const query = { condition: [{ limit: 1000 }] }
  const rows: WireRow[] = []
  let after: string | null = null
  do {
    const page: Page = await call(`${resource.name}_page`, { query, after })
    rows.push(...page.rows)
    after = page.next
  } while (after !== null)
  return rows
}

interface Expected {
  readonly all: readonly number[]
  readonly limit: number | undefined
}

async function expectFound(
  { call, resource }: Table,
  condition: readonly unknown[],
  { all, limit }: Expected,
): Promise<void> {
  const rows = await call<WireRow[]>(`${resource.name}_query`, { query: { condition } })
  expectSame(rows.map(keyOf(resource)), all.slice(0, limit ?? 1000))
  const counted = await call(`${resource.name}_count`, { query: { condition } })
  expect(counted).toEqual({ count: all.slice(0, limit).length })
}

interface Walking {
  readonly filters: readonly unknown[]
  readonly sizes: readonly number[]
  readonly order: Order
}

async function expectWalked(table: Table, walking: Walking, all: readonly number[]): Promise<void> {
  const { filters, order } = walking
  // No page so small that the walk would have more than five.
  const sizes = walking.sizes.map(size => Math.min(1000, Math.max(size, Math.ceil(all.length / 5))))
  const ids = await walkPages({ ...table, conditions: filters, order, sizes })
  expectSame(ids, order === 'newest' ? all : all.toReversed())
}

async function expectDeleted(
  { database, call, resource, rows }: Table,
  list: readonly unknown[],
  gone: readonly number[],
): Promise<void> {
  // Alone, "all" changes nothing of what is found.
  const condition = list.length === 0 ? ['all'] : list
  if (resource.recorded === 'keep') {
    const refused = call(`${resource.name}_delete`, { query: { condition } })
    await expect(refused).rejects.toMatchObject({ code: 102, data: { reason: 'append_only' } })
    return
  }
  const key = sql.ref(resource.ordering.key)
  await database.undone(async () => {
    const answer = await call(`${resource.name}_delete`, { query: { condition } })
    expect(answer).toEqual({ success: true, deleted: gone.length, condition_count: condition.length })
    // No key is there twice: when as many are left as should be, and none that should be gone, it is the right ones.
    const left = await sql<{ all: number; wrong: number }>`
      select count(*)::int as all, count(*) filter (where ${key} = any (${`{${gone.join()}}`}::bigint[]))::int as wrong
      from ${sql.table(resource.table)}`.execute(database.kysely)
    expect(left.rows[0]).toEqual({ all: rows.length - gone.length, wrong: 0 })
  })
}

/** As texts, because comparing thousands of numbers one by one takes long. */
function expectSame(found: readonly number[], expected: readonly number[]): void {
  expect(found.join()).toBe(expected.join())
}

function keyOf({ ordering }: Resource): (row: WireRow) => number {
  return row => Number(row[ordering.key])
}

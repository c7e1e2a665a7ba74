import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { planConditions } from '../../../src/condition/plan.ts'
import { createStatementCache } from '../../../src/database/statement-cache.ts'
import type { Identity } from '../../../src/permission/grant.ts'
import { jsResult } from '../../../src/resource/kind/js-result.ts'
import { planAccess, resolveNames } from '../../../src/resource/select/access.ts'
import { readRows } from '../../../src/resource/select/read.ts'
import { maxMergedNames } from '../../../src/resource/select/selection.ts'
import { type Reader, tableOf } from '../../../src/resource/table.ts'
import { conditionClock, someCondition } from '../../condition/random-condition.ts'
import { someLimits, someName } from '../../permission/random-limit.ts'
import { describeEngines } from '../../support/databases.ts'
import { appendAll, type Call, createCaller, holderOf, superToken, workerHolder } from '../caller.ts'
import { someRow } from '../random-row.ts'

function accessOf(caller: Identity, condition: readonly unknown[]) {
  const { language } = jsResult
  const plan = planConditions(condition, {
    language,
    path: 'q',
    maxConditions: 1000,
    allowAll: false,
    clock: conditionClock,
  })
  return planAccess(jsResult, 'read', caller, plan)
}

describeEngines('the names that a query may merge', open => {
  let call: Call
  let reader: Reader
  const many = Array.from({ length: maxMergedNames + 1 }, (_, i) => `n${String(i).padStart(4, '0')}`)
  const reading = (...patterns: readonly string[]) => workerHolder('read', ...patterns)

  beforeAll(async () => {
    const database = await open()
    call = createCaller(database, { now: conditionClock })
    reader = tableOf(jsResult, { database, cache: createStatementCache() })
    const random = fc.sample(fc.tuple(someRow(jsResult), someName), 1000)
    await appendAll(
      call,
      jsResult,
      random.map(([row, name]) => ({ ...row, js_worker_name: name })),
    )
    await appendAll(
      call,
      jsResult,
      many.toReversed().map(name => ({ js_worker_name: name })),
    )
  })

  async function resolve(caller: Identity, ...condition: readonly unknown[]) {
    return resolveNames(reader, accessOf(caller, condition).names)
  }

  async function namesFound(caller: Identity, ...condition: readonly unknown[]): Promise<string[]> {
    const rows = await call<{ js_worker_name: string }[]>('js-result_query', { query: { condition } }, caller)
    return rows.map(row => row.js_worker_name)
  }

  test('are the literals, and those in the table that the patterns cover', async () => {
    expect(await resolve(reading('n000*', 'n0050', 'n9', 'x*'))).toEqual([
      'n0050',
      'n9',
      ...many.slice(0, 10),
    ])
  })

  test('may be so many, and one more is left to a filter', async () => {
    expect(many).toHaveLength(maxMergedNames + 1)
    const last = String(many.at(-1))
    const prefixes = ['n00*', 'n01*', 'n02*', 'n03*']
    const literals = many.slice(400, maxMergedNames)
    const most = [...prefixes, ...literals]
    expect((await resolve(reading(...most)))?.toSorted()).toEqual(many.slice(0, maxMergedNames))
    expect(await resolve(reading(...most, last))).toBeUndefined()
    expect(await resolve(reading(...most, `${last}*`))).toBeUndefined()
    expect(await resolve(reading('n*'))).toBeUndefined()
    expect(await resolve(reading(...many.slice(0, maxMergedNames)))).toHaveLength(maxMergedNames)
    expect(await resolve(reading(...many))).toBeUndefined()
  })

  test('are looked for once a second where there are too many', async () => {
    let asked = 0
    const runner: Reader['runner'] = {
      run(...args) {
        asked++
        return reader.runner.run(...args)
      },
    }
    const { names } = accessOf(reading('n*'), [])
    for (let i = 0; i < 5; i++) expect(await resolveNames({ ...reader, runner }, names)).toBeUndefined()
    expect(asked).toBe(1)
    const few = accessOf(reading('n000*'), []).names
    for (let i = 0; i < 5; i++) expect(await resolveNames({ ...reader, runner }, few)).toHaveLength(10)
    expect(asked).toBe(6)
  })

  test('are not asked for when nothing narrows them down', async () => {
    expect(await resolve(superToken)).toBeUndefined()
    expect(await resolve(reading('*'))).toBeUndefined()
    expect(await resolve(reading('n*'), { js_worker_name: 'n0000' })).toBeUndefined()
  })

  test('more than may be merged are found all the same', async () => {
    expect(await namesFound(reading('n*'))).toEqual(many)
    expect(await namesFound(superToken, { js_worker_name_in: many })).toEqual(many)
    const literal = holderOf(
      many.map(name => ({ scopes: ['global'], permissions: [{ js_result: { read: name } }] })),
    )
    expect(await namesFound(literal)).toEqual(many)
  })

  test('that come twice in a list do not double the rows', async () => {
    const listed = { js_worker_name_in: ['n0002', 'n0001', 'n0002', 'n0001', 'n0none'] }
    expect(await namesFound(superToken, listed)).toEqual(['n0001', 'n0002'])
    expect(await namesFound(reading('n0*'), listed, { js_worker_name_in: ['n0001', 'n0005'] })).toEqual([
      'n0001',
    ])
  })

  test('in an empty list find nothing', async () => {
    expect(await namesFound(superToken, { js_worker_name_in: [] })).toEqual([])
  })

  test('find, merged, what the plain filter finds', async () => {
    const someOrder = fc.constantFrom('newest' as const, 'oldest' as const)
    const someLimit = fc.constantFrom(1, 7, 100, 1001, 10_000)
    let merged = 0
    const filters = fc.array(someCondition(jsResult).filter(isNameless), { maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(someLimits, filters, someOrder, someLimit, async (limits, condition, order, limit) => {
        const caller = holderOf(limits)
        const access = allowed(caller, condition)
        if (access === undefined) return
        const names = await resolveNames(reader, access.names)
        if (names === undefined) return
        const selection = { order, limit }
        const everything = [access.predicates]
        const plain = await readRows(reader, { ...selection, segments: everything, names: undefined })
        const segments = [access.beside]
        expect(await readRows(reader, { ...selection, segments, names })).toEqual(plain)
        if (plain.length > 0) merged++
      }),
      { numRuns: 1500 },
    )
    expect(merged).toBeGreaterThan(20)
  })
})

/** A name in a condition would be refused to most callers. */
function isNameless(condition: unknown): boolean {
  return !JSON.stringify(condition).includes('js_worker_name')
}

function allowed(caller: Identity, condition: readonly unknown[]) {
  try {
    return accessOf(caller, condition)
  } catch {
    return undefined
  }
}

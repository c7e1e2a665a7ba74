import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { createStatementCache } from '../../../src/database/statement-cache.ts'
import { executionEvent } from '../../../src/resource/kind/execution-event.ts'
import type { MergeRule } from '../../../src/resource/resource.ts'
import { bindRow } from '../../../src/resource/row.ts'
import { tableOf } from '../../../src/resource/table.ts'
import { mirrorRows } from '../../../src/resource/write/mirror.ts'
import { describeEngines } from '../../support/databases.ts'
import { appendAll, type Call, createCaller } from '../caller.ts'

interface Given {
  readonly message?: string
  readonly name?: string
  /** Undefined: its source does not count. */
  readonly count?: number
  readonly last_timestamp?: number
  readonly isNamed?: boolean
}

describeEngines('a mirrored record', open => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database)
  })

  const rowOf = (execution_id: string, { isNamed: _, ...given }: Given) => ({
    name: 'n',
    namespace: 's',
    reason: 'r',
    message: 'm',
    first_timestamp: 1000,
    last_timestamp: 1000,
    execution_id,
    ...given,
  })

  function mirror(execution: string, ...given: readonly Given[]): Promise<readonly number[]> {
    const rows = given.map(each => ({
      row: bindRow(executionEvent.appended, rowOf(execution, each), 1000),
      isCounted: each.count !== undefined,
      isNamed: each.isNamed === true,
    }))
    const cache = createStatementCache()
    const rule = executionEvent.merge as MergeRule
    return database.transaction(runner =>
      mirrorRows(tableOf(executionEvent, { database, cache }, runner), rule, execution, rows),
    )
  }

  const read = (execution_id: string) =>
    call<object[]>('execution-event_query', { query: { condition: [{ execution_id }] } })

  test('keeps the highest count of those that are told, and adds those that are not', async () => {
    const [id] = await mirror('counts', { count: 5 })
    expect(await mirror('counts', { count: 3 }, { count: 9 }, {}, { count: 4 }, {})).toEqual(
      Array(5).fill(id),
    )
    expect(await read('counts')).toMatchObject([{ id, count: 11 }])
    expect(await appendAll(call, executionEvent, [rowOf('counts', { count: 2 })])).toEqual([id])
    expect(await read('counts')).toMatchObject([{ count: 13 }])
  })

  test('is told by its name alone where it has one, and by all its members else', async () => {
    const [one] = await mirror('named', { count: 1, isNamed: true, message: 'a' })
    expect(await mirror('named', { count: 2, isNamed: true, message: 'b' })).toEqual([one])
    expect(await read('named')).toMatchObject([{ count: 2, message: 'b' }])
    const [other] = await mirror('named', { count: 3, message: 'c' })
    expect(other).not.toBe(one)
    // Of several records of one name that which says the same is meant.
    expect(await mirror('named', { count: 4, isNamed: true, message: 'b' })).toEqual([one])
    expect(await mirror('elsewhere', { count: 1, isNamed: true, message: 'b' })).not.toEqual([one])
  })

  test('spans the times of all its states, whatever their order', async () => {
    const state = (count: number, last_timestamp: number) => ({ count, last_timestamp, isNamed: true })
    await mirror('times', state(2, 5000))
    await mirror('times', state(4, 4000), state(3, 6000))
    expect(await read('times')).toMatchObject([{ count: 4, first_timestamp: 1000, last_timestamp: 6000 }])
  })

  test('is not written when nothing of it is new', async () => {
    await mirror('same', { count: 3, isNamed: true }, { count: 2, message: 'other' })
    const versions = async () =>
      (await sql`select id, xmin::text from execution_event order by id`.execute(database.kysely)).rows
    const before = await versions()
    await mirror('same', { count: 3, isNamed: true }, { count: 1, message: 'other' })
    expect(await versions()).toEqual(before)
  })

  test('is one record when many tell of it for the first time at once', async () => {
    const counts = Array.from({ length: 12 }, (_, i) => i + 1)
    const told = counts.map(count => mirror('race', { count, isNamed: true, message: `${count}` }))
    expect(new Set((await Promise.all(told)).flat()).size).toBe(1)
    expect(await read('race')).toMatchObject([{ count: 12, message: '12' }])
  })
})

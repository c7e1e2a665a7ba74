import { beforeEach, expect, test } from 'vitest'
import { type AuditEntry, entryOf } from '../../src/audit/entry.ts'
import { createOftenTold, type OftenTold } from '../../src/audit/often.ts'
import type { Database, Runner } from '../../src/database/database.ts'
import { createCaller } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

const start = 1_775_000_000_000
const minute = 60_000

function denied(method: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return entryOf({ time: start, token_key: 'stranger', method, outcome: 'denied', reason: 'x', ...more })
}

describeEngines('what happens often', open => {
  let database: Database
  let now: number
  let told: OftenTold
  let run: Runner['run']
  let errors: unknown[]

  beforeEach(async () => {
    database = await open()
    now = start
    errors = []
    run = database.run
    // Flushed by hand: `close` writes all, `turn` what is due.
    told = createOftenTold({
      database: { run: (statement, values) => run(statement, values) },
      clock: () => now,
      onError: error => errors.push(error),
      soonMs: 5,
      collectMs: minute,
    })
    return () => told.close()
  })

  const trail = () =>
    createCaller(database)<readonly Record<string, unknown>[]>('audit-log_page', {
      query: { condition: [{ limit: 1000 }] },
      order: 'oldest',
      fields: ['token_key', 'address', 'method', 'reason', 'repeated'],
    }).then(page => (page as unknown as { rows: readonly Record<string, unknown>[] }).rows)

  test('is told at once, and then once a minute with how often it was', async () => {
    told.note('a', denied('q'))
    now += 10
    await expect.poll(trail).toMatchObject([{ method: 'q', repeated: 1 }])
    for (let i = 0; i < 5000; i++) told.note('a', denied('q'))
    now += minute - 1
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await trail()).toHaveLength(1)
    now += 2
    await expect.poll(trail).toMatchObject([{ repeated: 1 }, { method: 'q', repeated: 5000 }])
    told.note('a', denied('q'))
    await told.close()
    expect(await trail()).toMatchObject([{ repeated: 1 }, { repeated: 5000 }, { repeated: 1 }])
  })

  test('is told apart by who, what and why', async () => {
    for (let i = 0; i < 3; i++) {
      told.note('a', denied('q', { address: 'a' }))
      told.note('b', denied('q', { address: 'b' }))
      told.note('a', denied('p', { address: 'a' }))
      told.note('a', denied('q', { address: 'a', reason: 'y' }))
      told.note('key', denied('q', { token_key: 'key' }))
    }
    await told.close()
    expect((await trail()).map(({ repeated }) => repeated)).toEqual([3, 3, 3, 3, 3])
  })

  test('fills neither the table nor the memory, whatever comes from whom, and loses no count', async () => {
    for (let i = 0; i < 20_000; i++) told.note(`10.0.${i}`, denied('q', { address: `10.0.${i}` }))
    for (let i = 0; i < 500; i++) told.note('one', denied(`method ${i}`, { token_key: 'one' }))
    // That one leaves room for others.
    told.note('two', denied('q', { token_key: 'two' }))
    await told.close()
    const rows = await trail()
    const strangers = rows.filter(row => row.token_key === 'stranger')
    expect(strangers).toHaveLength(101)
    expect(strangers.reduce((sum, row) => sum + Number(row.repeated), 0)).toBe(20_000)
    expect(strangers.at(-1)).toMatchObject({ address: null, method: 'several', repeated: 19_900 })
    const one = rows.filter(row => row.token_key === 'one')
    expect(one).toHaveLength(21)
    expect(one.at(-1)).toMatchObject({ method: 'several', reason: 'several', repeated: 480 })
    expect(rows.filter(row => row.token_key === 'two')).toMatchObject([{ method: 'q', repeated: 1 }])
  })

  test('is told later where it cannot be written, and says so once', async () => {
    run = () => Promise.reject(new Error('no'))
    told.note('a', denied('q'))
    now += 10
    await expect.poll(() => errors.length).toBe(1)
    told.note('a', denied('q'))
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(errors).toHaveLength(1)
    run = database.run
    await expect.poll(trail).toMatchObject([{ method: 'q', repeated: 2 }])
  })
})

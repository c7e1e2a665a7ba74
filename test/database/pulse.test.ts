import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createPulse } from '../../src/database/pulse.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('what is looked for each second', open => {
  let database: Database
  let statements = 0

  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())

  function startPulse(onError: (error: unknown) => void = fail) {
    statements = 0
    const pulse = createPulse({
      async run(statement, values) {
        statements += 1
        return database.run(statement, values)
      },
      onError,
      everyMs: 10,
    })
    onTestFinished(pulse.stop)
    return pulse
  }

  test('is asked in one statement, and each is told its own answer until it asks no more', async () => {
    const pulse = startPulse()
    const told = vi.fn()
    const toldLast = vi.fn()
    const end = pulse.ask('1 = 1', told)
    pulse.ask("(select 'last'::text)", toldLast)
    await vi.waitUntil(() => toldLast.mock.calls.length > 2)
    expect(told.mock.calls.length).toBe(toldLast.mock.calls.length)
    expect(statements - told.mock.calls.length).toBeLessThanOrEqual(1)
    expect(new Set(told.mock.calls.flat())).toEqual(new Set([true]))
    end()
    const before = told.mock.calls.length
    const beforeLast = toldLast.mock.calls.length
    await vi.waitUntil(() => toldLast.mock.calls.length > beforeLast + 2)
    expect(told.mock.calls.length).toBe(before)
    expect(new Set(toldLast.mock.calls.flat())).toEqual(new Set(['last']))
  })

  test('costs nothing while nobody asks, and goes on after a fault', async () => {
    const onError = vi.fn()
    const pulse = startPulse(onError)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(statements).toBe(0)
    const end = pulse.ask('(select 1 / 0)', () => undefined)
    await vi.waitUntil(() => onError.mock.calls.length > 0)
    end()
    const told = vi.fn(() => {
      throw new Error('for the log')
    })
    pulse.ask('true', told)
    await vi.waitUntil(() => told.mock.calls.length > 1)
    expect(onError).toHaveBeenCalledWith(new Error('for the log'))
  })
})

function fail(error: unknown): never {
  throw error
}

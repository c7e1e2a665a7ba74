import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createTestPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { lockTable } from './table-lock.ts'

const slowOnes = 30

test('monitors that never end hold up nobody else, and end as too slow', async () => {
  const own = await createTestPostgres()
  onTestFinished(own.drop)
  const variables = {
    DATABASE_URL: own.url,
    DAYBOOK_STATEMENT_TIMEOUT_MS: '8000',
    DAYBOOK_DATA: await dataFolder(),
  }
  const { url } = await serveDaybook(variables)
  const client = createClient({ url, token: superToken })
  const limits = [
    {
      scopes: ['global' as const],
      permissions: [{ service_event: { read: '*' } }, { event: { send: '*' } }],
    },
  ]
  const { key, secret } = await client.tokens.create({ token_limit: limits })
  const slow = createClient({ url, token: `${key}:${secret}` })
  const lock = await lockTable(own.url, 'service_event')
  const common = {
    query: { condition: [] },
    window_ms: 60_000,
    every_ms: 1000,
    when: { at_least: 1 },
  } as const
  const event = { sender: 'ops' }
  for (let i = 0; i < slowOnes; i++) {
    await slow.call('monitor_create', { ...common, name: `slow ${i}`, resource: 'service-event', event })
  }
  await client.call('monitor_create', { ...common, name: 'quick', resource: 'js-result', event })

  const slowStatus = async () => (await slow.call('monitor_status', {})).monitors
  const times = new Set<number | null>()
  const isSeenOften = async () => {
    const { monitors } = await client.call('monitor_status', { name: 'quick' })
    times.add(monitors[0]?.evaluated_time ?? null)
    return times.size > 4
  }
  await vi.waitUntil(isSeenOften, { timeout: 60_000, interval: 50 })
  // Most of the others have not had their turn yet.
  const waiting = (await slowStatus()).filter(each => each.evaluated_time === null)
  expect(waiting.length).toBeGreaterThanOrEqual(slowOnes - 8)
  expect(await lock.waiting()).toBeLessThanOrEqual(4)

  const failing = async () => (await slowStatus()).filter(each => each.last_error !== null)
  await vi.waitUntil(async () => (await failing()).length > 0, { timeout: 40_000, interval: 100 })
  for (const { state, count, last_error } of await failing()) {
    expect({ state, count }).toEqual({ state: 'unknown', count: null })
    expect(last_error).toMatch(/^statement_timeout: /)
  }
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toMatch(/daybook_monitor_errors_total\{reason="statement_timeout"\} \d/)
  expect(metrics).toContain(`daybook_monitors{state="ok"} 1`)
  await lock.release()
  const areWell = async () => (await slowStatus()).every(each => each.state === 'ok')
  await vi.waitUntil(areWell, { timeout: 30_000, interval: 200 })
}, 120_000)

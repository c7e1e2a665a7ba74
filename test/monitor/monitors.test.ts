import { expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { claimDue, msUntilDue } from '../../src/monitor/claim.ts'
import { readMonitorStates, startMonitors } from '../../src/monitor/monitors.ts'
import { describeEngines } from '../support/databases.ts'
import { failing, type MonitorParts, openMonitorParts } from './monitor-parts.ts'

const claiming = { busy: new Map(), mostOfToken: 100, most: 1000, leaseMs: 60_000 }

interface TestServer {
  /** As the database tells each second in how many milliseconds something is due. */
  tell(ms: number | null): void
  close(): Promise<void>
}

/** A server that is told only what the test tells it. */
function startServer({ deps }: MonitorParts): TestServer {
  let tell: TestServer['tell'] = () => undefined
  const everySecond: Database['everySecond'] = (_question, told) => {
    tell = told
    return () => undefined
  }
  const database: Database = Object.create(deps.database, { everySecond: { value: everySecond } })
  const monitors = startMonitors({ ...deps, database, statementTimeoutMs: 30_000 })
  const close = () => monitors.close(10_000)
  onTestFinished(close)
  return { tell: ms => tell(ms), close }
}

describeEngines('a server with monitors', open => {
  async function begin(): Promise<MonitorParts & { readonly database: Database }> {
    const database = await open()
    const parts = await openMonitorParts(database)
    onTestFinished(() => parts.tokens.authenticator.close())
    return { ...parts, database }
  }

  test('asks in how many milliseconds the next one is due', async () => {
    const { database, call, evaluateDue } = await begin()
    const ask = async () => (await database.run(rawStatement(`select ${msUntilDue}`), [])).rows[0]?.[0]
    expect(await ask()).toBeNull()
    await call('monitor_create', { ...failing, every_ms: 60_000 })
    expect(await ask()).toBe(0)
    const [claimed] = await claimDue(database, claiming)
    expect(Number(await ask())).toBeGreaterThan(50_000)
    await database.kysely.updateTable('monitor').set({ claimed_until: null }).execute()
    await evaluateDue()
    const untilNext = Number(await ask())
    expect(untilNext).toBeGreaterThan(50_000)
    expect(untilNext).toBeLessThanOrEqual(60_000)
    await call('monitor_update', { name: claimed?.monitor.name, enabled: false })
    expect(await ask()).toBeNull()
  })

  test('evaluates what is due when it is due, not when it next asks', async () => {
    const parts = await begin()
    const { tell } = startServer(parts)
    await parts.call('monitor_create', { ...failing, every_ms: 60_000 })
    tell(null)
    tell(5000)
    tell(100)
    expect((await parts.statusOf('failing')).evaluated_time).toBeNull()
    const isEvaluated = async () => (await parts.statusOf('failing')).evaluated_time !== null
    await vi.waitUntil(isEvaluated, { timeout: 10_000, interval: 20 })
    expect(parts.errors).toEqual([])
  })

  test('evaluates all that is due, however many', async () => {
    const parts = await begin()
    const { tell } = startServer(parts)
    for (let i = 0; i < 40; i++) {
      await parts.call('monitor_create', { ...failing, name: `m${i}`, every_ms: 60_000 })
    }
    tell(0)
    const areEvaluated = async () => (await readMonitorStates(parts.database)).ok === 40
    await vi.waitUntil(areEvaluated, { timeout: 10_000, interval: 20 })
    expect(await readMonitorStates(parts.database)).toEqual({ ok: 40, pending: 0, firing: 0, unknown: 0 })
    expect(parts.errors).toEqual([])
  })

  test('that is closed has ended what was under way, and begins nothing more', async () => {
    const parts = await begin()
    const { tell, close } = startServer(parts)
    await parts.call('monitor_create', failing)
    tell(0)
    await vi.waitUntil(async () => (await parts.statusOf('failing')).evaluated_time !== null, {
      interval: 20,
    })
    await close()
    const { evaluated_time } = await parts.statusOf('failing')
    await parts.database.kysely.updateTable('monitor').set({ next_time: null }).execute()
    tell(0)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect((await parts.statusOf('failing')).evaluated_time).toBe(evaluated_time)
    expect(await claimDue(parts.database, claiming)).toHaveLength(1)
  })
})

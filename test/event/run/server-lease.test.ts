import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { takeServerLease } from '../../../src/event/run/server-lease.ts'
import { insertLocal, openPostgres, startTestEngine, type Work } from '../engine-setup.ts'
import { eventRow, findTorn, untilEnded, untilStatus } from '../event-rows.ts'

const leases = ({ kysely }: Database) =>
  kysely.selectFrom('server_lease').select(['id', 'lease_until']).execute()

describe('the lease of a server', () => {
  test('is renewed again and again under one name, and given up at the end', async () => {
    const database = await openPostgres()
    const lost: string[] = []
    const options = { database, leaseMs: 1200, onLost: (id: string) => lost.push(id), onError: rethrow }
    const lease = await takeServerLease(options)
    const [before] = await leases(database)
    await sleep(1600)
    const [row] = await leases(database)
    expect(row?.id).toBe(before?.id)
    expect(row?.lease_until.getTime()).toBeGreaterThan(before?.lease_until.getTime() ?? 0)
    expect([lease.id(), lost]).toEqual([before?.id, []])
    await lease.close()
    expect(await leases(database)).toEqual([])
  })

  test.each<[string, (database: Database) => Promise<unknown>]>([
    [
      'has ended',
      ({ kysely }) =>
        kysely
          .updateTable('server_lease')
          .set({ lease_until: new Date(0) })
          .execute(),
    ],
    ['is gone', ({ kysely }) => kysely.deleteFrom('server_lease').execute()],
  ])('that %s is not renewed: another one is taken', async (_what, lose) => {
    const database = await openPostgres()
    const lost: string[] = []
    const options = { database, leaseMs: 150, onLost: (id: string) => lost.push(id), onError: rethrow }
    const lease = await takeServerLease(options)
    const id = lease.id()
    await lose(database)
    await vi.waitUntil(() => lost.length > 0, { timeout: 10_000 })
    expect(lost).toEqual([id])
    expect(lease.id()).not.toBe(id)
    expect((await leases(database)).map(row => row.id)).toContain(lease.id())
    await lease.close()
  })

  test('that was lost costs the server its runs: it stops them, and changes nothing of their next attempt', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 5, delay_ms: 0, backoff: false } })
    const reasons: string[] = []
    const finish: (() => void)[] = []
    const a: Work = (_kwargs, { attempt, signal }) => {
      if (attempt > 1) return `attempt ${attempt}`
      return new Promise(resolve => {
        signal.addEventListener('abort', () => reasons.push(String(signal.reason)))
        finish.push(() => resolve('too late'))
      })
    }
    const slow = await startTestEngine(database, { local: { a }, leaseMs: 2000 })
    const [log] = (await slow.send({ sender: 's' })).event_logs
    const { owner } = await untilStatus(database, log?.id, 'running')
    await database.kysely
      .updateTable('server_lease')
      .set({ lease_until: new Date(0) })
      .execute()
    const [row] = await untilEnded(database)
    expect(row).toMatchObject({ status: 'success', attempt: 2, result: 'attempt 2' })
    expect(row?.owner).not.toBe(owner)
    await vi.waitUntil(() => reasons.length > 0, { timeout: 10_000 })
    expect(reasons[0]).toMatch(/lease_lost|run_lost/)
    for (const each of finish) each()
    await sleep(50)
    expect(await eventRow(database, log?.id)).toEqual(row)
    expect(await findTorn(database)).toEqual([])
  })
})

function rethrow(error: unknown): never {
  throw error
}

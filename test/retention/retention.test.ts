import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rules } from '../../src/retention/rule.ts'
import { createTestPostgres, describeEngines } from '../support/databases.ts'
import {
  applyRules,
  countRows,
  day,
  firstRule,
  insertOld,
  makeDue,
  onlyRules,
  startQuickly,
} from './rule-runs.ts'

const rule = { resource: 'js-result', query: { condition: [{ js_worker_name: 'old' }] }, older_than_ms: day }

const isDone = (database: Database) => async () => (await countRows(database, 'js_result')) === 0

/** One PostgreSQL database as several servers have it. */
async function openTogether(
  count: number,
): Promise<{ readonly url: string; readonly databases: readonly Database[] }> {
  const { url, drop } = await createTestPostgres()
  const databases = await Promise.all(
    Array.from({ length: count }, () => openDatabase({ url, onError: fail })),
  )
  onTestFinished(async () => {
    await Promise.all(databases.map(each => each.close()))
    await drop()
  })
  return { url, databases }
}

function fail(error: unknown): never {
  throw error
}

describeEngines('retention', (open, engine) => {
  test('lets writers through while it deletes', async () => {
    const database = await open()
    const rows = engine === 'postgres' ? 50_000 : 3000
    await insertOld(database, rows)
    await onlyRules(database, rule)
    const batches: number[] = []
    const retention = startQuickly(database, { onExpired: (_resource, count) => batches.push(count) })
    onTestFinished(() => retention.close())
    await vi.waitUntil(() => batches.length > 0, { timeout: 20_000, interval: 5 })

    const waits: number[] = []
    while ((await firstRule(database)).deleted < rows) {
      const began = performance.now()
      await sql`insert into js_result (js_worker_name, run_type, start_time) values ('new', 'call', now())`.execute(
        database.kysely,
      )
      waits.push(performance.now() - began)
      await sleep(2)
    }
    await retention.close()
    expect(Math.max(...batches)).toBeLessThanOrEqual(500)
    expect(batches.reduce((sum, each) => sum + each)).toBe(rows)
    expect(await countRows(database, 'js_result')).toBe(waits.length)
    // Between any two batches somebody else has had a turn.
    expect(waits.length).toBeGreaterThan(batches.length / 2)
    waits.sort((a, b) => a - b)
    // A writer that had to wait for the whole of it would wait for seconds.
    expect(waits[waits.length >> 1]).toBeLessThan(250)
  })

  test('stops with the batch that is under way when the server stops, and goes on at the next start', async () => {
    const database = await open()
    await insertOld(database, 5000)
    await onlyRules(database, rule)
    const begun = Promise.withResolvers<void>()
    const retention = startQuickly(database, { onExpired: () => begun.resolve() })
    await begun.promise
    await retention.close()
    const left = await countRows(database, 'js_result')
    expect(left).toBeGreaterThan(3000)
    const { deleted } = await firstRule(database)
    expect(deleted + left).toBe(5000)
    await sleep(100)
    expect(await countRows(database, 'js_result')).toBe(left)

    const next = startQuickly(database)
    await vi.waitUntil(isDone(database), { timeout: 20_000 })
    await next.close()
    expect(await firstRule(database)).toMatchObject({ deleted: 5000, last_error: null })
  })
})

describe('retention among others', () => {
  test.each<[string, (database: Database) => Promise<unknown>]>([
    ['deleted', ({ kysely }) => kysely.deleteFrom('retention_rule').execute()],
    [
      'given a greater age',
      database => rules.insert(database, { ...rule, older_than_ms: 3 * day }, Date.now()),
    ],
    [
      'taken over by another server',
      ({ kysely }) =>
        sql`update retention_rule set last_run_time = now(), run_until = now() + interval '1 minute'`.execute(
          kysely,
        ),
    ],
  ])('deletes no more by a rule that is %s in the middle of a run', async (_what, change) => {
    const { databases } = await openTogether(1)
    const [database] = databases
    if (database === undefined) throw new Error('no database')
    await insertOld(database, 10_000)
    await onlyRules(database, rule)
    const changed = Promise.withResolvers<unknown>()
    const retention = startQuickly(database, { onExpired: () => changed.resolve(change(database)) })
    onTestFinished(() => retention.close())
    await changed.promise
    await sleep(50)
    const left = await countRows(database, 'js_result')
    expect(left).toBeGreaterThan(0)
    await sleep(150)
    expect(await countRows(database, 'js_result')).toBe(left)
  })

  test('passes over records that somebody holds, and takes them another time', async () => {
    const { databases } = await openTogether(1)
    const [database] = databases
    if (database === undefined) throw new Error('no database')
    await insertOld(database, 1000)
    await onlyRules(database, rule)
    await database.transaction(async ({ kysely }) => {
      await sql`select from js_result where id % 10 = 0 for update`.execute(kysely)
      expect(await applyRules(database)).toEqual({ 'js-result': 900 })
    })
    await makeDue(database)
    expect(await applyRules(database)).toEqual({ 'js-result': 100 })
  })

  test('deletes and counts each record once', async () => {
    const { databases } = await openTogether(3)
    const [database] = databases
    if (database === undefined) throw new Error('no database')
    await insertOld(database, 10_000)
    await onlyRules(
      database,
      rule,
      { ...rule, query: { condition: [] } },
      { ...rule, query: { condition: [{ run_type: 'call' }] } },
    )
    const told = databases.map(() => 0)
    let atOnce = 0
    const servers = databases.map((each, i) =>
      startQuickly(each, {
        onExpired: (_resource, rows) => {
          told[i] = (told[i] ?? 0) + rows
        },
      }),
    )
    while (!(await isDone(database)())) {
      const { rows } = await sql<{
        n: number
      }>`select count(*) as n from retention_rule where run_until > now()`.execute(database.kysely)
      atOnce = Math.max(atOnce, Number(rows[0]?.n))
    }
    await Promise.all(servers.map(each => each.close()))
    expect(told.reduce((sum, each) => sum + each)).toBe(10_000)
    const { rows } = await sql<{ n: number }>`select sum(deleted) as n from retention_rule`.execute(
      database.kysely,
    )
    expect(Number(rows[0]?.n)).toBe(10_000)
    expect(atOnce).toBe(1)
  })

  test('loses nothing when its server is killed: another one goes on and counts the rest', async () => {
    const { url, databases } = await openTogether(1)
    const [database] = databases
    if (database === undefined) throw new Error('no database')
    await insertOld(database, 20_000)
    await onlyRules(database, rule)
    const script = fileURLToPath(new URL('retention-process.ts', import.meta.url))
    const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')

    // Its last transaction may still be ending.
    await vi.waitUntil(async () => {
      const { deleted } = await firstRule(database)
      return deleted > 0 && deleted + (await countRows(database, 'js_result')) === 20_000
    })
    const { deleted } = await firstRule(database)
    expect(deleted).toBeLessThan(20_000)
    // It is another's turn when it has been silent for long enough.
    expect(await applyRules(database)).toEqual({})
    await sql`update retention_rule set last_run_time = last_run_time - interval '1 hour'`.execute(
      database.kysely,
    )
    expect(await applyRules(database)).toEqual({})
    await sql`update retention_rule set run_until = now() - interval '1 second'`.execute(database.kysely)
    expect(await applyRules(database)).toEqual({ 'js-result': 20_000 - deleted })
    expect(await firstRule(database)).toMatchObject({ deleted: 20_000, last_deleted: 20_000 - deleted })
  })
})

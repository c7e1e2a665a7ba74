import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { tableOf } from '../../src/resource/table.ts'
import { planExpired, previewExpired } from '../../src/retention/expired.ts'
import type { RuleDefinition } from '../../src/retention/rule.ts'
import { views } from '../../src/view/view.ts'
import { type Call, createCaller } from '../resource/caller.ts'
import { plainRow, recordAll } from '../resource/record-rows.ts'
import { describeEngines } from '../support/databases.ts'
import { applyRules, day, firstRule, makeDue, onlyRules } from './rule-runs.ts'

type Row = Readonly<Record<string, unknown>>

const now = Date.now()
const old = now - 2 * day

/** Rows of each kind, two days, one day and no time old; a resource whose records have an end has some without. */
function rowsOf(resource: Resource): readonly Record<string, unknown>[] {
  const { ordering, finish, merge } = resource
  const times = [old, old - 1, now - day, now - 1000, ...(ordering.timeNullable ? [null] : [])]
  const ends: readonly Row[] = finish === undefined ? [{}] : [{ result: 1, finish_time: now }, {}]
  return times.flatMap(time =>
    ends.flatMap(end =>
      ['a', 'b'].map((name, i) => ({
        ...plainRow(resource, name, i),
        [ordering.time]: time,
        // Records that are merged have one time or the other.
        ...(merge !== undefined && { name: `n${time}`, [merge.first]: time, [merge.last]: time }),
        ...end,
      })),
    ),
  )
}

describeEngines('a retention rule', open => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { now: () => now })
  })

  /** But for what the runs of rules leave themselves. */
  const rowsLeft = (resource: Resource, condition: readonly unknown[] = []) => {
    const others = resource.recorded === 'keep' ? [{ not: { method: 'retention' } }] : []
    return call<readonly Row[]>(`${resource.name}_query`, { query: { condition: [...condition, ...others] } })
  }

  async function preview(rule: RuleDefinition, at = Date.now()) {
    const expired = planExpired(rule, { now: at, maxConditions: 32 })
    return previewExpired(tableOf(expired.resource, { database, cache: createStatementCache() }), expired)
  }

  describe.each(resources.map(resource => [resource.name, resource] as const))('of %s', (_name, resource) => {
    const { time } = resource.ordering
    const isOpen = (row: Row): boolean => {
      if (resource.finish === undefined) return false
      return row.status === 'waiting' || row.status === 'running' || row.finish_time === null
    }

    beforeEach(async () => {
      await sql`delete from ${sql.table(resource.table)}`.execute(database.kysely)
      await recordAll({ database, call, resource }, rowsOf(resource))
    })

    test('reads the views of the super token at each run', async () => {
      await sql`insert into token (token_key, secret_digest, token_limit, is_super) values ('super', '', '[]', true) on conflict do nothing`.execute(
        database.kysely,
      )
      const owner = { owner: 'super', token_key: 'super', layout: null, shared: false }
      const condition = [{ [resource.nameField]: 'a' }]
      const name = `of ${resource.name}`
      await views.insert(database, { ...owner, name, resource: resource.name, query: { condition } }, now)
      const rule = {
        resource: resource.name,
        query: { condition: [{ view: name }] },
        older_than_ms: 1.5 * day,
      }
      await onlyRules(database, rule)
      const { count } = await preview({ ...rule, query: { condition } })
      expect(count).toBeGreaterThan(0)
      expect((await applyRules(database))[resource.name]).toBe(count)
      expect((await firstRule(database)).last_error).toBe(null)
      await views.remove(database, ['super', name])
      await makeDue(database)
      await applyRules(database)
      expect((await firstRule(database)).last_error).toContain('view_not_found')
    })

    test('counts lengths of time in its conditions from each evaluation', async () => {
      const condition = [{ [`${time}_since`]: '3d' }, { not: { [`${time}_since`]: '36h' } }]
      const rule = { resource: resource.name, query: { condition }, older_than_ms: 60_000 }
      const isEnded = (row: Row) => row[time] !== null && !isOpen(row)
      const rows = (await rowsLeft(resource)).filter(isEnded)
      const agedAt = (at: number) =>
        rows.filter(row => at - Number(row[time]) > 1.5 * day && at - Number(row[time]) <= 3 * day)
      const [today, later] = [agedAt(now), agedAt(now + 2 * day)]
      expect([today.length, later.length]).not.toContain(0)
      expect((await preview(rule, now)).count).toBe(today.length)
      expect((await preview(rule, now + 2 * day)).count).toBe(later.length)
      expect((await preview(rule, now + 9 * day)).count).toBe(0)
    })

    test.each([
      ['all', []],
      ['those that its conditions find', [{ [resource.nameField]: 'a' }]],
      ['those that its nested conditions find', [{ or: [{ not: { [resource.nameField]: 'a' } }] }]],
    ])('deletes of what is old enough and over %s, as its preview says', async (_which, condition) => {
      const olderThanMs = 1.5 * day
      const before = await rowsLeft(resource)
      const found = await rowsLeft(resource, condition)
      const isGone = (row: Row) =>
        found.some(each => each[resource.ordering.key] === row[resource.ordering.key]) &&
        row[time] !== null &&
        Number(row[time]) <= now - olderThanMs &&
        !isOpen(row)
      const gone = before.filter(isGone)
      expect(gone.length).toBeGreaterThan(0)
      await onlyRules(database, { resource: resource.name, query: { condition }, older_than_ms: olderThanMs })

      const { id: _id, ...rule } = await firstRule(database)
      expect(await preview(rule)).toEqual({ count: gone.length, oldest: old - 1 })
      expect(await applyRules(database)).toEqual({ [resource.name]: gone.length })
      expect(await rowsLeft(resource)).toEqual(before.filter(row => !isGone(row)))
      expect(await firstRule(database)).toMatchObject({
        last_deleted: gone.length,
        last_error: null,
        deleted: gone.length,
      })
      expect(await preview(rule)).toEqual({ count: 0, oldest: null })
    })
  })

  test('is applied again and again, and counts the last run and all of them', async () => {
    const [resource] = resources
    if (resource === undefined) throw new Error('no resource')
    await onlyRules(database, { resource: resource.name, query: { condition: [] }, older_than_ms: day })
    const record = () => recordAll({ database, call, resource }, rowsOf(resource))
    await call(`${resource.name}_delete`, { query: { condition: ['all'] } })
    await record()
    const gone = (await applyRules(database))[resource.name] ?? 0
    expect(gone).toBeGreaterThan(0)
    const first = await firstRule(database)
    // Not twice within a minute.
    await record()
    expect(await applyRules(database)).toEqual({})
    expect(await firstRule(database)).toEqual(first)
    await makeDue(database)
    await applyRules(database)
    expect(await firstRule(database)).toMatchObject({ last_deleted: gone, deleted: 2 * gone })
    await makeDue(database)
    await applyRules(database)
    expect(await firstRule(database)).toMatchObject({ last_deleted: 0, deleted: 2 * gone })
  })

  test.each([
    [
      'a condition that is no more',
      'js-result',
      [{ js_worker_name: 'a' }, { gone: 1 }],
      /^query\.condition\[1\]\.gone: /,
    ],
    ['a resource that is no more', 'gone', [], /^resource: /],
    ['a condition that deletes by number', 'js-result', ['last'], /^query\.condition\[0\]: /],
  ])('with %s deletes nothing, says so, and stops no other', async (_what, name, condition, message) => {
    const [jsResult, eventLog] = resources
    if (jsResult === undefined || eventLog === undefined) throw new Error('no resource')
    for (const resource of [jsResult, eventLog]) {
      await recordAll({ database, call, resource }, rowsOf(resource))
    }
    const before = await rowsLeft(jsResult)
    const bad = { resource: name, query: { condition }, older_than_ms: day }
    await onlyRules(database, bad, { resource: eventLog.name, query: { condition: [] }, older_than_ms: day })
    expect(Object.keys(await applyRules(database))).toEqual([eventLog.name])
    expect(await rowsLeft(jsResult)).toEqual(before)
    const rule = await firstRule(database)
    expect(rule).toMatchObject({
      resource: name,
      last_deleted: 0,
      last_error: expect.stringMatching(message),
    })

    // What was wrong is right now.
    const right = { resource: 'js-result', condition: '[]' }
    await database.kysely.updateTable('retention_rule').set(right).where('id', '=', rule.id).execute()
    await makeDue(database)
    await applyRules(database)
    expect((await firstRule(database)).last_error).toBe(null)
  })
})

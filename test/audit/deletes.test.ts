import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { appendAll, type Call, createCaller, workerHolder } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

const now = 1_775_000_000_000

const digestOf = (ids: readonly number[]) => createHash('sha256').update(ids.join(',')).digest('hex')

describeEngines('the audit trail of records', open => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { now: () => now })
  })

  const append = (count: number, name: string) =>
    appendAll(
      call,
      jsResult,
      Array.from({ length: count }, (_, n) => ({ js_worker_name: name, start_time: n })),
    )

  async function trail(...condition: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return call('audit-log_query', { query: { condition } })
  }

  test('tells of a delete who, what, how many, which and when', async () => {
    await append(3, 'a')
    const rows = await call<{ id: number }[]>('js-result_query', {
      query: { condition: [{ js_worker_name: 'a' }] },
    })
    const ids = rows.map(({ id }) => id).sort((a, b) => a - b)
    const condition = [{ js_worker_name: 'a' }, { limit: 10 }]
    await call('js-result_delete', { query: { condition } }, workerHolder('delete', 'a'))
    expect(await trail('last')).toEqual([
      {
        id: expect.any(Number),
        time: now,
        token_key: 'key',
        token_name: null,
        other_keys: null,
        address: null,
        method: 'js-result_delete',
        resource: 'js-result',
        target: null,
        members: null,
        condition,
        dry_run: false,
        affected: 3,
        ids,
        ids_digest: digestOf(ids),
        outcome: 'success',
        reason: null,
        repeated: 1,
      },
    ])
  })

  test('holds a hundred ids of more, and the digest of all', async () => {
    await append(150, 'many')
    const rows = await call<{ id: number }[]>('js-result_query', {
      query: { condition: [{ js_worker_name: 'many' }] },
    })
    const ids = rows.map(({ id }) => id).sort((a, b) => a - b)
    await call('js-result_delete', { query: { condition: [{ js_worker_name: 'many' }] } })
    const [entry] = await trail('last')
    expect(entry).toMatchObject({ affected: 150, ids: ids.slice(0, 100), ids_digest: digestOf(ids) })
    expect(await trail({ ids_contains: ids.slice(40, 42) })).toEqual([entry])
  })

  test('tells of a delete that found nothing, and of one that only asked', async () => {
    await append(2, 'b')
    const query = { condition: [{ js_worker_name: 'b' }] }
    await call('js-result_delete', { query, dry_run: true })
    expect(await trail('last', 'is_dry_run')).toMatchObject([
      { affected: 2, dry_run: true, ids: null, ids_digest: null, condition: query.condition },
    ])
    await call('js-result_delete', { query: { condition: [{ js_worker_name: 'nobody' }] } })
    expect(await trail('last')).toMatchObject([{ affected: 0, dry_run: false, ids: [], ids_digest: null }])
  })

  test('tells nothing of rows that were to be deleted and are too many', async () => {
    await append(2, 'c')
    const count = async () => (await trail({ limit: 10_000 })).length
    const before = await count()
    const query = { condition: [{ js_worker_name: 'c' }] }
    await expect(call('js-result_delete', { query, max_affected: 1 })).rejects.toMatchObject({ code: 108 })
    expect(await count()).toBe(before)
    expect(await call('js-result_delete', { query, max_affected: 2 })).toMatchObject({ deleted: 2 })
    expect(await trail('last')).toMatchObject([{ affected: 2 }])
  })

  test('keeps the digits of a condition, and of a very long one its size and digest', async () => {
    await call('js-result_delete', {
      query: { condition: [{ js_worker_name: 'x' }, { param_contains: { n: 1e300 } }] },
    })
    expect(await trail('last')).toMatchObject([
      { condition: [{ js_worker_name: 'x' }, { param_contains: { n: 1e300 } }] },
    ])
    const condition = [{ js_worker_name_in: Array.from({ length: 1000 }, (_, i) => `worker-of-many-${i}`) }]
    await call('js-result_delete', { query: { condition } })
    const text = JSON.stringify(condition)
    const sha256 = createHash('sha256').update(text).digest('hex')
    expect(await trail('last')).toMatchObject([{ condition: { bytes: text.length, sha256 } }])
  })

  test('stands or falls with the delete: without it nothing is deleted', async () => {
    await append(1, 'kept')
    const condition = [{ js_worker_name: 'kept' }]
    await database.run(
      { name: undefined, sql: 'alter table audit_log rename to audit_log_gone', parameters: [] },
      [],
    )
    await expect(call('js-result_delete', { query: { condition } })).rejects.toMatchObject({ code: 103 })
    await expect(call('js-result_delete', { query: { condition }, dry_run: true })).rejects.toMatchObject({
      code: 103,
    })
    await database.run(
      { name: undefined, sql: 'alter table audit_log_gone rename to audit_log', parameters: [] },
      [],
    )
    expect(await call('js-result_count', { query: { condition } })).toEqual({ count: 1 })
    await call('js-result_delete', { query: { condition } })
    expect(await trail('last')).toMatchObject([{ affected: 1 }])
  })

  test('tells of an import which rows it wrote, and none of those that were there', async () => {
    const row = {
      id: 900_001,
      js_worker_id: null,
      js_worker_name: 'moved',
      run_type: 'call',
      start_time: 1,
      finish_time: 2,
      param: null,
      result: 1,
      error_message: null,
    }
    await call('js-result_import', { rows: [row] })
    const rows = [{ ...row, id: 900_003 }, row, { ...row, id: 900_002 }]
    expect(await call('js-result_import', { rows })).toEqual({ imported: 2, skipped: 1 })
    const ids = [900_002, 900_003]
    expect(await trail('last')).toMatchObject([
      {
        method: 'js-result_import',
        resource: 'js-result',
        affected: 2,
        ids,
        ids_digest: digestOf(ids),
        condition: null,
      },
    ])
    const [entry] = await trail('last')
    await expect(call('js-result_import', { rows: [{ ...row, result: 2 }] })).rejects.toMatchObject({
      code: 109,
    })
    expect(await trail('last')).toEqual([entry])
  })

  test('is deleted by nobody', async () => {
    const query = { condition: ['all'] }
    const refusal = { code: 102, data: { reason: 'append_only' } }
    await expect(call('audit-log_delete', { query })).rejects.toMatchObject(refusal)
    await expect(call('audit-log_delete', { query, dry_run: true })).rejects.toMatchObject(refusal)
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { invoke } from '../../src/method/invoke.ts'
import type { Method } from '../../src/method/method.ts'
import { retentionMethods } from '../../src/method/retention.ts'
import { createRecordService } from '../../src/resource/records.ts'
import { rules } from '../../src/retention/rule.ts'
import { type Recorder, recordStatements } from '../resource/recorder.ts'
import { applyRules, insertOld } from '../retention/rule-runs.ts'
import { openTestDatabase } from '../support/databases.ts'
import { fault, startTokens, type TestTokens } from '../token/tokens.ts'

type Members = Readonly<Record<string, unknown>>

const day = 86_400_000
const rule = { resource: 'js-result', query: { condition: [{ js_worker_name: 'old' }] }, older_than_ms: day }
const malformed = (path: string, reason?: string) => ({
  code: -32602,
  data: { path, ...(reason !== undefined && { reason }) },
})

describe('the methods of retention', () => {
  let database: Database
  let tokens: TestTokens
  let recorder: Recorder
  let methods: ReadonlyMap<string, Method>
  let now = Date.now()

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    tokens = await startTokens(database)
    recorder = recordStatements(database)
    const records = createRecordService({
      database: recorder.database,
      cache: createStatementCache(),
      clock: () => now,
      maxConditions: 4,
      onRows: () => undefined,
    })
    methods = new Map(retentionMethods(records).map(method => [method.name, method]))
  })
  afterAll(async () => {
    await tokens.authenticator.close()
    await database.close()
  })
  beforeEach(async () => {
    await database.kysely.deleteFrom('retention_rule').execute()
    await database.kysely.deleteFrom('js_result').execute()
    now = Date.now()
  })

  async function call<T = Members>(verb: string, params: unknown = {}, bearer = tokens.root): Promise<T> {
    const method = methods.get(`retention_${verb}`)
    if (method === undefined) throw new Error(`no method ${verb}`)
    const context = { bearer, correlationId: 'test' }
    return (await invoke(method, params, context, tokens.authenticator.authenticate)) as T
  }
  const list = async () => (await call<{ rules: Members[] }>('list')).rules

  test.each([
    ['set', rule],
    ['list', {}],
    ['delete', { id: 1 }],
    ['preview', rule],
    ['preview', { id: 1 }],
  ])('retention_%s is for the super token, and reads nothing for another', async (verb, params) => {
    const everything = {
      scopes: ['global'],
      permissions: [{ js_result: { delete: '*' } }, { js_result: { read: '*' } }],
    }
    const { credential } = await tokens.create([everything] as never)
    const before = recorder.recorded.length
    await expect(call(verb, params, credential)).rejects.toMatchObject(fault(102, 'permission_denied'))
    expect(recorder.recorded.length).toBe(before)
    expect(await list()).toEqual([])
  })

  test('a rule is shown as it was given, with what became of it', async () => {
    const condition = [{ or: ['is_failure', { param_contains: { n: JSON.rawJSON('9007199254740993') } }] }]
    const { id } = await call('set', { ...rule, query: { condition } })
    const { id: other } = await call('set', { ...rule, resource: 'change-event', query: { condition: [] } })
    const [first, second] = await list()
    expect(first).toEqual({
      id,
      resource: 'js-result',
      query: { condition },
      older_than_ms: day,
      last_run_time: null,
      last_deleted: null,
      last_error: null,
      deleted: 0,
      created_time: expect.any(Number),
      updated_time: expect.any(Number),
    })
    expect(second).toMatchObject({ id: other, resource: 'change-event' })
    await applyRules(database)
    expect((await list())[0]).toMatchObject({ last_run_time: expect.any(Number), last_deleted: 0 })
  })

  test('the same resource and conditions again only change the age, others are another rule', async () => {
    const { id } = await call('set', rule)
    expect(await call('set', { ...rule, older_than_ms: 2 * day })).toEqual({ id })
    expect(await list()).toMatchObject([{ id, older_than_ms: 2 * day }])
    for (const each of [
      { ...rule, query: { condition: [] } },
      { ...rule, query: { condition: [{ js_worker_name: 'Old' }] } },
      { ...rule, resource: 'service-event', query: { condition: [] } },
    ]) {
      expect((await call('set', each)).id).not.toBe(id)
    }
    expect(await list()).toHaveLength(4)
    // Longer than an entry of an index may be.
    const names = Array.from({ length: 1000 }, (_, n) => `a worker with a long name ${n}`)
    const long = { ...rule, query: { condition: [{ js_worker_name_in: names }] } }
    expect(await call('set', long)).toEqual(await call('set', long))
  })

  test.each<[string, Members, string?]>([
    ['resource', { resource: undefined }],
    ['resource', { resource: 'js_result' }],
    ['resource', { resource: 'toString' }],
    ['query', { query: undefined }],
    ['query', { query: 'last' }],
    ['query.limit', { query: { condition: [], limit: 1 } }],
    ['query.condition', { query: {} }],
    ['query.condition[0]', { query: { condition: ['last'] } }, 'misplaced_condition'],
    ['query.condition[1]', { query: { condition: ['is_failure', { limit: 5 }] } }, 'misplaced_condition'],
    ['query.condition[0]', { query: { condition: [{ last: null }] } }, 'misplaced_condition'],
    ['query.condition[0]', { query: { condition: ['all'] } }, 'misplaced_condition'],
    ['query.condition[0].nope', { query: { condition: [{ nope: 1 }] } }, 'unknown_condition'],
    ['query.condition[0].service_id', { query: { condition: [{ service_id: 'a' }] } }],
    ['query.condition[0].id', { query: { condition: [{ id: '1' }] } }],
    ['older_than_ms', { older_than_ms: undefined }],
    ['older_than_ms', { older_than_ms: 59_999 }],
    ['older_than_ms', { older_than_ms: '1d' }],
    ['older_than_ms', { older_than_ms: 100_000.5 }],
  ])('a bad %s is refused (%#)', async (path, params, reason) => {
    for (const verb of ['set', 'preview']) {
      await expect(call(verb, { ...rule, ...params })).rejects.toMatchObject(malformed(path, reason))
    }
    expect(await list()).toEqual([])
  })

  test('too many conditions are refused', async () => {
    const condition = Array.from({ length: 5 }, () => 'is_failure')
    const refused = fault(110, 'too_many_conditions')
    await expect(call('set', { ...rule, query: { condition } })).rejects.toMatchObject(refused)
  })

  test('retention_delete ends a rule, and does not find what is not there', async () => {
    const { id } = await call('set', rule)
    const notFound = fault(105, 'rule_not_found', 'id')
    await expect(call('delete', { id: Number(id) + 1 })).rejects.toMatchObject(notFound)
    expect(await call('delete', { id })).toEqual({ success: true })
    await expect(call('delete', { id })).rejects.toMatchObject(notFound)
    await expect(call('preview', { id })).rejects.toMatchObject(notFound)
    await insertOld(database, 1)
    expect(await applyRules(database)).toEqual({})
  })

  test('retention_preview says what would be deleted, of a rule there is or of one that might be', async () => {
    await insertOld(database, 30)
    const { rows } = await database.run(
      { name: undefined, sql: 'select min(start_time) from js_result', parameters: [] },
      [],
    )
    const oldest = Number(rows[0]?.[0])
    const { id } = await call('set', rule)
    expect(await call('preview', { id })).toEqual({ would_delete: 30, oldest })
    expect(await call('preview', rule)).toEqual({ would_delete: 30, oldest })
    const none = { would_delete: 0, oldest: null }
    expect(await call('preview', { ...rule, older_than_ms: 3 * day })).toEqual(none)
    expect(await call('preview', { ...rule, query: { condition: [{ js_worker_name: 'new' }] } })).toEqual(
      none,
    )
    // Beyond all times that a record can bear.
    expect(await call('preview', { ...rule, older_than_ms: Number.MAX_SAFE_INTEGER })).toEqual(none)
    now = oldest + 9 + day
    expect(await call('preview', rule)).toEqual({ would_delete: 10, oldest })
    await applyRules(database)
    now = Date.now()
    expect(await call('preview', { id })).toEqual(none)
  })

  test.each<[string, Members]>([
    ['resource', {}],
    ['resource', { id: 1, resource: 'js-result' }],
    ['query', { id: 1, query: { condition: [] } }],
    ['older_than_ms', { id: 1, older_than_ms: day }],
    ['query', { resource: 'js-result', older_than_ms: day }],
    ['id', { id: '1' }],
  ])('retention_preview wants a rule or an id: %s (%#)', async (path, params) => {
    await expect(call('preview', params)).rejects.toMatchObject(malformed(path))
  })

  test('a rule that this version cannot read is shown with its fault', async () => {
    const gone = { resource: 'js-result', query: { condition: [{ gone: 1 }] }, older_than_ms: day }
    const id = (await rules.insert(database, gone, Date.now()))?.id
    await insertOld(database, 1)
    expect(await applyRules(database)).toEqual({})
    const last_error = expect.stringContaining('query.condition[0].gone')
    expect(await list()).toMatchObject([{ id, query: { condition: [{ gone: 1 }] }, last_error }])
    await expect(call('preview', { id })).rejects.toMatchObject(malformed('query.condition[0].gone'))
  })
})

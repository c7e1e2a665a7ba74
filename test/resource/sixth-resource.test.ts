import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { equal, isNotNull } from '../../src/condition/predicate.ts'
import type { Database } from '../../src/database/database.ts'
import type { Identity } from '../../src/permission/grant.ts'
import { compilePattern } from '../../src/permission/pattern.ts'
import { appendTime, generated, nullable, optional, required } from '../../src/resource/field.ts'
import { defineResource, type ResourceOptions } from '../../src/resource/resource.ts'
import { describeEngines } from '../support/databases.ts'
import { appendAll, type Call, createCaller, type Page, walkPages } from './caller.ts'

const fields = [
  generated('build_id', 'id', 'Build'),
  required('pipeline', 'name', 'Which pipeline'),
  optional('branch', 'name', 'Which branch', { initial: () => 'main' }),
  optional('state', 'enum', 'How far it is', {
    values: ['open', 'done', 'broken'],
    initial: () => 'open',
  }),
  optional('queued_time', 'time', 'When', { initial: appendTime }),
  nullable('finish_time', 'time', 'When it ended'),
  nullable('size', 'integer', 'Bytes'),
  nullable('result', 'json', 'What came out'),
  nullable('error_message', 'text', 'What went wrong'),
] as const

const options: ResourceOptions = {
  name: 'build-log',
  summary: 'builds',
  table: 'build_log',
  fields,
  newestBy: 'queued_time',
  nameField: 'pipeline',
  scope: 'pipeline',
  permission: 'build_log',
  words: [{ name: 'is_broken', summary: 'It broke', predicate: isNotNull('error_message') }],
  finish: {
    open: equal('state', 'open'),
    status: { column: 'state', success: 'done', failure: 'broken' },
  },
}

const buildLog = defineResource(options)

const migration = `
  create table build_log (
    build_id      bigint generated always as identity primary key,
    pipeline      text collate "C" not null,
    branch        text collate "C" not null,
    state         text collate "C" not null,
    queued_time   timestamptz(3) not null,
    finish_time   timestamptz(3),
    size          bigint,
    result        jsonb,
    error_message text
  );
  create index build_log_newest on build_log (queued_time desc, build_id desc);
  create index build_log_pipeline on build_log (pipeline, queued_time desc, build_id desc);
`

const anything = compilePattern('*')

/** May do everything to the pipelines of this pattern. */
function holderOf(pattern: string): Identity {
  const permissions = ['read', 'write', 'delete'].map(verb => ({
    kind: 'build_log',
    verb,
    pattern: anything,
  }))
  const limit = { scopes: [{ kind: 'pipeline', pattern: compilePattern(pattern) }], permissions }
  return { tokenKey: 'key', isSuper: false, limits: [[limit]] }
}

describeEngines('a sixth resource', open => {
  const now = 1_775_000_000_000
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    await sql.raw(migration).execute(database.kysely)
    call = createCaller(database, { resources: [buildLog], now: () => now })
    const names = ['web', 'web', 'web-x', 'api']
    await appendAll(
      call,
      buildLog,
      names.map((pipeline, n) => ({ pipeline, size: n, queued_time: now - n, result: { n } })),
    )
  })

  async function find(condition: readonly unknown[], caller?: Identity): Promise<unknown[]> {
    const rows = await call<{ build_id: number }[]>('build-log_query', { query: { condition } }, caller)
    return rows.map(row => row.build_id)
  }

  test('has its row, its defaults and its order', async () => {
    const rows = await call('build-log_query', { query: { condition: [{ limit: 1 }] } })
    expect(rows).toEqual([
      {
        build_id: 1,
        pipeline: 'web',
        branch: 'main',
        state: 'open',
        queued_time: now,
        finish_time: null,
        size: 0,
        result: { n: 0 },
        error_message: null,
      },
    ])
    expect(await find([])).toEqual([1, 2, 3, 4])
  })

  test.each([
    [{ build_id: 2 }, [2]],
    [{ build_id_in: [4, 1] }, [1, 4]],
    [{ pipeline: 'web' }, [1, 2]],
    [{ pipeline_like: 'web*' }, [1, 2, 3]],
    [{ branch: 'main' }, [1, 2, 3, 4]],
    [{ state: 'done' }, []],
    [{ size: 2 }, [3]],
    [{ queued_time_to: now - 2 }, [3, 4]],
    [{ finish_time_from: 0 }, []],
    [{ result_contains: { n: 3 } }, [4]],
    [{ not: 'is_broken' }, [1, 2, 3, 4]],
    [{ or: [{ size: 0 }, { pipeline: 'api' }] }, [1, 4]],
  ])('finds by %j', async (condition, ids) => {
    expect(await find([condition])).toEqual(ids)
    const counted = await call('build-log_count', { query: { condition: [condition] } })
    expect(counted).toEqual({ count: ids.length })
  })

  test('has no condition that its fields do not give it', async () => {
    for (const name of ['duration_from', 'is_failure', 'start_time_from', 'branch_contains']) {
      await expect(find([{ [name]: 1 }])).rejects.toMatchObject({ data: { reason: 'unknown_condition' } })
    }
  })

  test('is paged', async () => {
    const walk = { call, resource: buildLog, conditions: [], sizes: [3] }
    expect(await walkPages({ ...walk, order: 'newest' })).toEqual([1, 2, 3, 4])
    expect(await walkPages({ ...walk, order: 'oldest' })).toEqual([4, 3, 2, 1])
    const page: Page = await call('build-log_page', {
      query: { condition: ['last'] },
      fields: ['branch'],
      count: 'exact',
    })
    expect(page).toEqual({ rows: [{ branch: 'main' }], next: null, count: 4 })
  })

  test('with a field called state shows and counts that one', async () => {
    const query = { condition: [{ pipeline: 'web' }] }
    const page: Page = await call('build-log_page', { query, fields: ['state', 'duration_ms'] })
    expect(page.rows).toEqual(Array(2).fill({ state: 'open', duration_ms: null }))
    expect(await call('build-log_facet', { query, field: 'state' })).toEqual({
      values: [{ value: 'open', count: 2 }],
      truncated: false,
    })
  })

  test('is guarded by its scope and permission', async () => {
    const caller = holderOf('web*')
    expect(await find([], caller)).toEqual([1, 2, 3])
    await expect(find([{ pipeline: 'api' }], caller)).rejects.toMatchObject({ code: 102 })
    const rows = [{ pipeline: 'api' }]
    await expect(call('build-log_append', { rows }, caller)).rejects.toMatchObject({ code: 102 })
    const finishing = call('build-log_finish', { id: 4, result: 1 }, caller)
    expect(await finishing).toEqual({ updated: 0 })
    const { limits } = holderOf('*')
    const elsewhere: Identity = {
      tokenKey: 'key',
      isSuper: false,
      limits: limits.map(list =>
        list.map(limit => ({ ...limit, scopes: [{ kind: 'event', pattern: anything }] })),
      ),
    }
    await expect(find([], elsewhere)).rejects.toMatchObject({ code: 102 })
  })

  test('that is never open has no method to finish it', async () => {
    const { finish: _, ...rest } = options
    const never = createCaller(database, { resources: [defineResource(rest)] })
    await expect(never('build-log_finish', { id: 1, result: 1 })).rejects.toThrow(TypeError)
    expect(await never('build-log_count', { query: { condition: [] } })).toEqual({ count: 4 })
  })

  test('is finished and deleted', async () => {
    await appendAll(call, buildLog, [{ pipeline: 'short' }, { pipeline: 'short' }])
    const short = { pipeline: 'short' }
    const [second, first] = await find([short])
    expect(await call('build-log_finish', { id: first, result: 1 })).toEqual({ updated: 1 })
    expect(await call('build-log_finish', { id: second, error_message: 'no' })).toEqual({ updated: 1 })
    expect(await find([short, { state: 'done' }])).toEqual([first])
    expect(await find([short, { state: 'broken' }, 'is_broken'])).toEqual([second])
    const removing = call('build-log_delete', { query: { condition: [short, 'last'] } })
    expect(await removing).toEqual({ success: true, deleted: 1, condition_count: 2 })
    expect(await find([short])).toEqual([first])
    expect(await call('build-log_delete', { query: { condition: [short] } })).toMatchObject({ deleted: 1 })
  })
})

describe('declaring a resource', () => {
  test.each([
    ['without an id', { fields: fields.filter(field => field.kind !== 'id') }],
    ['ordered by a field that is no time', { newestBy: 'branch' }],
    ['ordered by a field that is not there', { newestBy: 'start_time' }],
    ['named by a field that is no name', { nameField: 'size' }],
  ])('%s is a TypeError', (_what, part) => {
    expect(() => defineResource({ ...options, ...part })).toThrow(TypeError)
  })
})

import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { addIndex, listIndexes, type ResourceIndex, removeIndex } from '../../src/resource/added-index.ts'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('an index that is added', (open, engine) => {
  let database: Database
  beforeEach(async () => {
    database = await open()
  })

  async function find(resource: Resource, field: string): Promise<ResourceIndex | undefined> {
    return (await listIndexes(database, resource)).find(index => index.field === field)
  }

  test.each([
    { resource: jsResult, field: 'run_type', definition: 'btree (run_type, start_time NULLS FIRST, id)' },
    { resource: jsResult, field: 'param', definition: 'gin (param jsonb_path_ops)' },
    { resource: jsResult, field: 'finish_time', definition: 'btree (finish_time)' },
    { resource: jsResult, field: 'duration', definition: 'btree (((finish_time - start_time)))' },
    { resource: eventLog, field: 'sender', definition: 'btree (sender, created_time, id)' },
  ])('of $resource.name for $field is made, listed and removed', async ({ resource, field, definition }) => {
    await addIndex(database, resource, field)
    await addIndex(database, resource, field)
    expect(await find(resource, field)).toEqual({
      resource: resource.name,
      name: `${resource.table}_added_${field}`,
      field,
      state: 'ready',
      definition,
      bytes: expect.any(Number),
      scans: 0,
    })
    await removeIndex(database, resource, field)
    expect(await find(resource, field)).toBeUndefined()
    await expect(removeIndex(database, resource, field)).rejects.toMatchObject({
      code: 105,
      data: { reason: 'index_not_found' },
    })
  })

  test.each([
    ['js_worker_name', 'already_indexed'],
    ['start_time', 'already_indexed'],
    ['id', 'already_indexed'],
    ['error_message', 'not_indexable'],
    ['owner', 'unknown_field'],
    ['x; drop table token', 'unknown_field'],
  ])('is refused for %s', async (field, reason) => {
    await expect(addIndex(database, jsResult, field)).rejects.toMatchObject({
      code: -32602,
      data: { path: 'field', reason },
    })
  })

  test('that was interrupted is shown as invalid, and made again', async () => {
    await addIndex(database, jsResult, 'run_type')
    await sql`update pg_index set indisvalid = false where indexrelid = 'js_result_added_run_type'::regclass`.execute(
      database.kysely,
    )
    expect(await find(jsResult, 'run_type')).toMatchObject({ state: 'invalid' })
    await addIndex(database, jsResult, 'run_type')
    expect(await find(jsResult, 'run_type')).toMatchObject({ state: 'ready' })
  })

  test('those that every installation has are listed with it, and how often they were used', async () => {
    const indexes = await listIndexes(database, jsResult)
    expect(indexes.map(index => [index.name, index.field, index.state])).toContainEqual([
      'js_result_newest',
      null,
      'ready',
    ])
  })

  test('of a table of ranges is on each of them, and on those that are added', async () => {
    const ranges: Resource = { ...jsResult, table: 'ranged' }
    await sql
      .raw(
        `create table ranged (like js_result) partition by range (id);
         create table ranged_p0 partition of ranged for values from (minvalue) to (100);
         create table ranged_p1 partition of ranged for values from (100) to (200);
         insert into ranged (id, js_worker_name, run_type) select n, 'w', 'call' from generate_series(1, 199) as n`,
      )
      .execute(database.kysely)
    if (engine === 'postgres') {
      // What an interrupted call leaves: the table's own index, and one of a range that belongs to none.
      const columns = '(run_type, start_time nulls first, id)'
      await sql
        .raw(
          `create index ranged_added_run_type on only ranged ${columns};
           create index ranged_p0_added_run_type on ranged_p0 ${columns}`,
        )
        .execute(database.kysely)
      expect(await find(ranges, 'run_type')).toMatchObject({ state: 'invalid' })
    }
    await addIndex(database, ranges, 'run_type')
    const made = await find(ranges, 'run_type')
    expect(made).toMatchObject({ state: 'ready' })
    expect(made?.bytes).toBeGreaterThan(2 * 8192)

    await sql
      .raw('create table ranged_p2 partition of ranged for values from (200) to (maxvalue)')
      .execute(database.kysely)
    expect(await find(ranges, 'run_type')).toMatchObject({ state: 'ready' })
    expect((await find(ranges, 'run_type'))?.bytes).toBeGreaterThan(made?.bytes ?? 0)
    await removeIndex(database, ranges, 'run_type')
    expect(await find(ranges, 'run_type')).toBeUndefined()
  })
})

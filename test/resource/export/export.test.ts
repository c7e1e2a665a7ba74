import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { exportFormats } from '../../../src/resource/export/export-format.ts'
import { changeEvent } from '../../../src/resource/kind/change-event.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import { jsResult } from '../../../src/resource/kind/js-result.ts'
import { serviceEvent } from '../../../src/resource/kind/service-event.ts'
import { someLimits } from '../../permission/random-limit.ts'
import { describeEngines, openTestDatabase } from '../../support/databases.ts'
import { createCaller, createTextCaller, holderOf, workerHolder } from '../caller.ts'
import { cellsOf, exportText, linesOf, pagesOf } from '../exporting.ts'
import { randomRows } from '../random-row.ts'
import { plainRow, recordAll } from '../record-rows.ts'

const mostRows = { condition: [{ limit: 10_000 }] }

describeEngines('an export', open => {
  let database: Database
  let askText: ReturnType<typeof createTextCaller>

  beforeAll(async () => {
    database = await open()
    askText = createTextCaller(database)
    const call = createCaller(database)
    for (const resource of resources) {
      await recordAll({ database, call, resource }, randomRows(resource, 150))
    }
  })

  describe.each(resources)('of $name', resource => {
    const { key } = resource.ordering

    test('has the rows of a query, byte for byte, the oldest key first', async () => {
      const lines = linesOf(await exportText({ database, resource }))
      const keys = lines.map(line => JSON.parse(line)[key] as number)
      expect(keys).toEqual(keys.toSorted((a, b) => a - b))
      const newest = linesOf(await exportText({ database, resource, ...mostRows }))
      expect(`[${newest.join()}]`).toBe(await askText(`${resource.name}_query`, { query: mostRows }))
      expect(lines.toSorted()).toEqual(newest.toSorted())
    })

    test('begins behind any key', async () => {
      const lines = linesOf(await exportText({ database, resource }))
      for (const done of [1, 77, 149, 150]) {
        const after: number = JSON.parse(lines[done - 1] ?? '')[key]
        expect(linesOf(await exportText({ database, resource, after }))).toEqual(lines.slice(done))
      }
    })

    test('with a limit has what a query has, newest first', async () => {
      for (const limit of [0, 1, 40]) {
        const condition = [{ limit }]
        const text = await exportText({ database, resource, condition })
        expect(`[${linesOf(text).join()}]`).toBe(
          await askText(`${resource.name}_query`, { query: { condition } }),
        )
      }
    })

    test('as CSV has a cell a member', async () => {
      const rows = linesOf(await exportText({ database, resource })).map(line => JSON.parse(line))
      const text =
        exportFormats.csv.head(resource.fields) + (await exportText({ database, resource, format: 'csv' }))
      const [header, ...cells] = cellsOf(text)
      expect(header).toEqual(resource.fields.map(field => field.name))
      const read = cells.map(row =>
        Object.fromEntries(
          resource.fields.map(({ name, kind }, i) => [name, valueIn(kind, row[i] ?? '')] as const),
        ),
      )
      expect(read).toEqual(rows.map(row => cellValues(row)))
    })

    // The commands find it there.
    test('begins each line with the key', () => {
      expect(resource.fields[0]?.name).toBe(key)
    })
  })

  test('has no row of anybody else', async () => {
    for (const limits of fc.sample(someLimits, 60)) {
      const caller = holderOf(limits)
      for (const resource of [jsResult, serviceEvent, changeEvent]) {
        const query = askText(`${resource.name}_query`, { query: mostRows }, caller)
        const expected = await query.catch(error => error.message)
        const exported = exportText({ database, resource, ...mostRows, caller: () => caller })
        const found = await exported.then(text => `[${linesOf(text).join()}]`).catch(error => error.message)
        expect(found, JSON.stringify(limits)).toBe(expected)
        if (!expected.startsWith('[')) continue
        const all = linesOf(await exportText({ database, resource, caller: () => caller }))
        expect(all.toSorted()).toEqual(linesOf(found.slice(1, -1).replaceAll('},{"', '}\n{"')).toSorted())
      }
    }
  })
})

describeEngines('a long export', open => {
  let database: Database
  const resource = jsResult

  beforeAll(async () => {
    database = await open()
    await sql`insert into js_result (js_worker_name, run_type, start_time)
      select 'w' || n % 2, 'call', to_timestamp(n % 7) from generate_series(1, 2500) as n`.execute(
      database.kysely,
    )
  })

  test('comes in pages, and leaves out what is appended after it has begun', async () => {
    const pages = pagesOf({ database, resource })
    const first = await pages.next()
    await createCaller(database)('js-result_append', { rows: [plainRow(resource, 'w0')] })
    const sizes = [first.value?.rows]
    for await (const page of pages) sizes.push(page.rows)
    await sql`delete from js_result where id > 2500`.execute(database.kysely)
    expect(sizes).toEqual([1000, 1000, 500])
  })

  test('with a large limit has each row of the query once', async () => {
    const condition = [{ js_worker_name_like: 'w*' }, { limit: 2300 }]
    const text = await exportText({ database, resource, condition })
    const query = await createTextCaller(database)('js-result_query', { query: { condition } })
    expect(`[${linesOf(text).join()}]`).toBe(query)
  })

  test('goes on with what the caller may read by then', async () => {
    let caller = workerHolder('read', '*')
    const rows: { id: number; js_worker_name: string }[] = []
    for await (const page of pagesOf({ database, resource, caller: () => caller })) {
      rows.push(...linesOf(page.text).map(line => JSON.parse(line)))
      caller = workerHolder('read', 'w1')
    }
    expect(rows.slice(0, 1000).map(row => row.id)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(rows.slice(1000).every(row => row.js_worker_name === 'w1')).toBe(true)
    expect(rows).toHaveLength(1750)
  })

  test('ends with an error once the caller may read nothing', async () => {
    let caller = workerHolder('read', 'w*')
    const pages = pagesOf({ database, resource, caller: () => caller })
    await pages.next()
    caller = workerHolder('write', 'w*')
    await expect(pages.next()).rejects.toMatchObject({ code: 102 })
  })
})

describe('an export of rows of any size', () => {
  const resource = jsResult
  let database: Database

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    // Nothing that could be compressed away: 64 KiB, then 300 KiB, among small ones.
    await sql`insert into js_result (js_worker_name, run_type, start_time, error_message)
      select 'w', 'call', to_timestamp(0), case when n % 40 = 0 then repeat(md5(n::text), 2048)
        when n % 97 = 0 then repeat(md5(n::text), 9600) end
      from generate_series(1, 2000) as n`.execute(database.kysely)
  })

  afterAll(() => database.close())

  test('keeps its pages small, and misses none', async () => {
    const ids: number[] = []
    for await (const { text } of pagesOf({ database, resource })) {
      expect(text.length).toBeLessThanOrEqual(2 * 1024 * 1024)
      ids.push(...linesOf(text).map(line => JSON.parse(line).id as number))
    }
    expect(ids).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1))
  })

  test('gives a row that is larger than a page alone, and refuses one that no answer could hold', async () => {
    await sql`update js_result set error_message = repeat('x', 3000000) where id in (500, 501)`.execute(
      database.kysely,
    )
    const sizes: number[] = []
    for await (const page of pagesOf({ database, resource, condition: [{ id_in: [499, 500, 501, 502] }] })) {
      sizes.push(page.rows)
    }
    expect(sizes).toEqual([1, 1, 1, 1])
    const refused = exportText({ database, resource, maxBytes: 2_500_000 })
    await expect(refused).rejects.toMatchObject({ code: 110, data: { reason: 'answer_too_large' } })
  })
})

describe('an export of dense rows with gaps', () => {
  const resource = jsResult
  let database: Database

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    // Dense, then one of ten, then a wide gap, then dense and every other one, and large ones among small ones.
    await sql`insert into js_result (id, js_worker_name, run_type, start_time, error_message)
      overriding system value
      select n, 'w' || n % 2, 'call', to_timestamp(0), case when n between 105000 and 106000 then repeat('x', 5000) end
      from generate_series(1, 110000) as n
      where n <= 4500 or n between 4501 and 20000 and n % 10 = 0 or n between 100001 and 108000
        or n > 108000 and n % 2 = 0`.execute(database.kysely)
  })

  afterAll(() => database.close())

  async function idsOf(exporting: Partial<Parameters<typeof pagesOf>[0]>): Promise<readonly number[]> {
    const ids: number[] = []
    for await (const { text } of pagesOf({ database, resource, ...exporting })) {
      ids.push(...linesOf(text).map(line => JSON.parse(line).id as number))
    }
    return ids
  }

  async function keysWhere(condition: string): Promise<readonly number[]> {
    const query = sql<{ id: string }>`select id from js_result where ${sql.raw(condition)} order by id`
    return (await query.execute(database.kysely)).rows.map(({ id }) => Number(id))
  }

  test('has each once and in order, also behind a key and under a condition', async () => {
    expect(await idsOf({})).toEqual(await keysWhere('true'))
    for (const after of [0, 3999, 20_000, 107_500]) {
      expect(await idsOf({ after })).toEqual(await keysWhere(`id > ${after}`))
    }
    expect(await idsOf({ condition: [{ js_worker_name: 'w1' }] })).toEqual(
      await keysWhere("js_worker_name = 'w1'"),
    )
  })

  test('has no row that the caller may not read any more, though it was read ahead', async () => {
    const [all, one] = [workerHolder('read', 'w*'), workerHolder('read', 'w1')]
    let asked = 0
    const ids = await idsOf({ caller: () => (++asked < 6 ? all : one), after: 0 })
    const begun = ids.findIndex((id, i) => id % 2 === 1 && ids[i + 1] === id + 2)
    expect(begun).toBeGreaterThan(500)
    expect(ids.slice(begun)).toEqual(await keysWhere(`id >= ${ids[begun]} and js_worker_name = 'w1'`))
  })
})

/** What a cell says; a text loses the apostrophe that keeps it from being a formula. */
function valueIn(kind: string, cell: string): unknown {
  if (cell === '') return ''
  if (kind === 'json') return JSON.parse(cell)
  if (kind === 'id' || kind === 'integer') return Number(cell)
  if (kind === 'time') return Date.parse(cell)
  return cell.replace(/^'(?=[=+\-@\t\r])/, '')
}

/** Null and the empty text look alike in CSV. */
function cellValues(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? '']))
}

describe('CSV', () => {
  test('keeps what looks like a formula from being one, and quotes what has to be', async () => {
    const database = await openTestDatabase('postgres')
    onTestFinished(() => database.close())
    const call = createCaller(database)
    const texts = [
      '=1+1',
      '+1',
      '-1',
      '@a',
      '\ta',
      '\ra',
      'a=1',
      '"',
      'a,b',
      'a\r\nb',
      "'",
      ' =1',
      '',
      'ü漢🙂',
    ]
    const rows = texts.map(error_message => ({
      js_worker_name: '=x',
      js_worker_id: -5,
      param: -1,
      error_message,
    }))
    await call('js-result_append', {
      rows: [...rows, { js_worker_name: 'x', param: '=1', result: { a: '"' } }],
    })
    const cells = cellsOf(await exportText({ database, resource: jsResult, format: 'csv' }))
    expect(cells.slice(0, -1).map(row => row[8])).toEqual(
      texts.map(text => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)),
    )
    expect(cells[0]?.slice(0, 7)).toEqual(['1', '-5', "'=x", 'call', '2026-03-31T23:33:20.000Z', '', '-1'])
    expect(cells.at(-1)?.slice(6)).toEqual(['"=1"', '{"a": "\\""}', ''])
  })
})

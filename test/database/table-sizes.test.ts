import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { readTableSizes } from '../../src/database/table-sizes.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('what tables take', open => {
  test('is told the largest first, with the indexes apart, and of one of ranges as a whole', async () => {
    const database = await open()
    await sql`create table of_ranges (id bigint primary key, text text) partition by range (id)`.execute(
      database.kysely,
    )
    await sql`create table of_ranges_p0 partition of of_ranges for values from (0) to (5000)`.execute(
      database.kysely,
    )
    await sql`create table of_ranges_p1 partition of of_ranges for values from (5000) to (maxvalue)`.execute(
      database.kysely,
    )
    await sql`insert into of_ranges select n, repeat('x', 100) from generate_series(1, 20000) as n`.execute(
      database.kysely,
    )
    await sql`analyze of_ranges_p0, of_ranges_p1`.execute(database.kysely)
    const sizes = await readTableSizes(database)
    const [first] = sizes
    expect(first).toMatchObject({ table: 'of_ranges', rows: 20_000 })
    expect(first?.bytes).toBeGreaterThan(20_000 * 100)
    expect(first?.indexBytes).toBeGreaterThan(20_000 * 16)
    expect(sizes.map(each => each.table)).not.toContain('of_ranges_p0')
    const totals = sizes.map(each => each.bytes + each.indexBytes)
    expect(totals).toEqual(totals.toSorted((a, b) => b - a))
    expect(Math.min(...totals)).toBeGreaterThan(0)
  })
})

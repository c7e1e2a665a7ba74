import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createStatementCache } from '../../../src/database/statement-cache.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import { arrayText, readArray, readRows } from '../../../src/resource/select/read.ts'
import { readerOf } from '../../../src/resource/table.ts'
import { describeEngines } from '../../support/databases.ts'
import { createCaller } from '../caller.ts'
import { randomRows } from '../random-row.ts'
import { recordAll } from '../record-rows.ts'

/** Where rounding to milliseconds, and what a double holds of microseconds, may differ. */
const moments = [
  '1970-01-01T00:00:00Z',
  '1970-01-01T00:00:00.0005Z',
  '1970-01-01T00:00:00.001500Z',
  '1969-12-31T23:59:59.9995Z',
  '1969-12-31T23:59:59.998499Z',
  '2026-03-01T12:00:00.000499Z',
  '2026-03-01T12:00:00.0005Z',
  '2026-03-01T12:00:00.0015Z',
  '2026-03-01T12:00:00.123501Z',
  '0001-01-01T00:00:00.000001Z',
  '1500-06-07T08:09:10.1112Z',
  '5138-11-16T09:46:39.999999Z',
  '9999-12-31T23:59:59.999Z',
]

describeEngines('rows as bytes', open => {
  test('are the very text that the database would have rendered, of every resource', async () => {
    const database = await open()
    const call = createCaller(database)
    for (const resource of resources) {
      await recordAll({ database, call, resource }, randomRows(resource, 60))
      const times = resource.fields.filter(field => field.kind === 'time')
      for (const [i, moment] of moments.entries()) {
        for (const { name } of times) {
          const { key } = resource.ordering
          await sql`update ${sql.table(resource.table)} set ${sql.ref(name)} = ${moment}::timestamptz
            where ${sql.ref(key)} = (select ${sql.ref(key)} from ${sql.table(resource.table)}
              order by ${sql.ref(key)} offset ${sql.lit(i)} limit 1)`.execute(database.kysely)
        }
      }
      const reader = readerOf(resource, { database, cache: createStatementCache() })
      for (const limit of [1000, 10]) {
        const selection = { segments: [[]], names: undefined, order: 'newest', limit } as const
        const rendered = arrayText(await readRows(reader, selection))
        // The second time it is named, and may be pipelined.
        for (let i = 0; i < 3; i++) {
          const { json, count } = await readArray(reader, selection)
          expect(json.text).toBe(rendered)
          expect(count).toBe(Math.min(limit, 60))
        }
      }
    }
  })
})

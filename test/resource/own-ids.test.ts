import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { sequenceOf } from '../../src/database/next-id.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { insert } from '../event/definitions.ts'
import { openParts } from '../event/event-parts.ts'
import { eventRows } from '../event/event-rows.ts'
import { describeEngines } from '../support/databases.ts'
import { unorderedReturning } from '../support/unordered-returning.ts'
import { appendAll, createCaller } from './caller.ts'
import { plainRow } from './record-rows.ts'

test('no statement of many rows ends with what `returning` says', () => {
  const folder = join(import.meta.dirname, '../../src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  const statements = files.flatMap(name => readFileSync(join(folder, name), 'utf8').match(/`[^`]*`/g) ?? [])
  const inserts = statements.filter(text => /insert into/.test(text) && /unnest|given/.test(text))
  expect(inserts.length).toBeGreaterThan(5)
  // Where only their number matters, `on conflict` decides which they are.
  const ending = inserts.filter(
    text => /returning [^()]*`$/.test(text) && !/on conflict do nothing/.test(text),
  )
  expect(ending).toEqual([])
})

describeEngines('where an insert answers in another order', open => {
  let database: Database
  let unordered: Database

  beforeAll(async () => {
    database = await open()
    unordered = unorderedReturning(database)
  })

  test.each(resources.filter(each => each.recorded === 'append').map(each => [each.name, each] as const))(
    '%s_append answers the id of each row, in the order of the rows',
    async (name, resource) => {
      const names = Array.from({ length: 50 }, (_, i) => `row ${(i * 7) % 50}`)
      const rows = names.map(each => plainRow(resource, each))
      const ids = await appendAll(createCaller(unordered), resource, rows)
      const query = { condition: [{ limit: 1000 }] }
      const found = await createCaller(database)<Record<string, unknown>[]>(`${name}_query`, { query })
      const nameOf = new Map(found.map(row => [row[resource.ordering.key], row[resource.nameField]]))
      expect(ids.map(id => nameOf.get(id))).toEqual(names)
      expect(ids.toSorted((a, b) => a - b)).toEqual(ids)
    },
  )

  test('the sequences are those that the ids would be drawn from', async () => {
    const own = resources.filter(each => each.recorded === 'append').map(each => each.table)
    for (const table of [...own, 'pending_change']) {
      const names = `select ${sequenceOf(table)} = pg_get_serial_sequence('${table}', 'id')::regclass`
      expect((await database.run(rawStatement(names), [])).rows).toEqual([[true]])
    }
  })

  test('an event answers the row of each handler', async () => {
    for (const fullName of ['own.c', 'own.a', 'own.b']) await insert(database, fullName)
    const parts = await openParts(database)
    try {
      const answers = await parts.send([{ sender: 's' }, { sender: 't' }], unordered)
      const rows = new Map((await eventRows(database)).map(row => [row.id, row.full_name]))
      const logs = answers.flatMap(answer => answer.event_logs)
      expect(logs).toHaveLength(6)
      for (const { id, full_name } of logs) expect(rows.get(id)).toBe(full_name)
    } finally {
    }
  })
})

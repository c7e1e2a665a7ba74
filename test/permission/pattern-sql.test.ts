import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { compilePattern, prefixUpperBound } from '../../src/permission/pattern.ts'
import { describeEngines } from '../support/databases.ts'

const letters = [...'ab_-%.\\/?[]{}()!*+|^$\'" é中\ud7ff\ue000\uffff\u{10000}\u{1f600}\u{10ffff}']
const text = fc.string({ unit: fc.constantFrom(...letters), maxLength: 6 })
const pair = text
  .filter(prefix => !prefix.includes('*'))
  .chain(prefix =>
    fc.tuple(
      fc.constant(prefix),
      fc.oneof(
        text,
        text.map(rest => prefix + rest),
      ),
    ),
  )

describeEngines('a pattern in SQL', open => {
  test('matches the same names as a pattern in memory', async () => {
    const database = await open()
    const pairs = fc.sample(pair, 5000)
    const given = JSON.stringify(
      pairs.map(([prefix, name]) => ({ name, prefix, bound: prefixUpperBound(prefix) })),
    )
    const { rows } = await sql<{ matched: boolean }>`
      select name collate "C" >= prefix and name collate "C" < bound as matched
      from rows from (
        json_to_recordset(${given}::json) as (name text, prefix text, bound text)
      ) with ordinality order by ordinality`.execute(database.kysely)
    const expected = pairs.map(([prefix, name]) => compilePattern(`${prefix}*`).matches(name))
    expect(rows.map(row => row.matched)).toEqual(expected)
    expect(new Set(expected).size).toBe(2)
  })
})

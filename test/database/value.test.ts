import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeEngines } from '../support/databases.ts'

/** An SQL expression, what `run` makes of it, and what Kysely does where that differs. */
const columns: readonly (readonly [string, unknown, unknown?])[] = [
  ['null::int8', null],
  ['9007199254740991::int8', 9007199254740991],
  ['9007199254740992::int8', '9007199254740992'],
  ["'-9223372036854775808'::int8", '-9223372036854775808'],
  ['7::int4', 7],
  ['1.5::float8', 1.5],
  ['12345678901234567890.5::numeric', '12345678901234567890.5'],
  ['true', true],
  ['false', false],
  ['\'{"a":[1]}\'::jsonb', '{"a": [1]}', { a: [1] }],
  ["'null'::jsonb", 'null', null],
  ["'\\x00ff'::bytea", Buffer.from([0, 255])],
  ["'2024-02-29 23:59:59.123456+05:30'::timestamptz", new Date('2024-02-29T18:29:59.123Z')],
  ["'12024-01-01 00:00:00+00'::timestamptz", new Date('+012024-01-01T00:00:00Z')],
  ["'0044-03-15 12:00:00+00 BC'::timestamptz", new Date('-000043-03-15T12:00:00Z')],
  ["'2024-02-29'::date", '2024-02-29'],
  ["'1 day'::interval", '1 day'],
  ["'{1,9007199254740992,null}'::int8[]", [1, '9007199254740992', null]],
  ['\'{"a,b","c\\"d",null}\'::text[]', ['a,b', 'c"d', null]],
  ["array['2024-01-01 00:00:00+00'::timestamptz]", [new Date('2024-01-01T00:00:00Z')]],
  ['array[true, false]', [true, false]],
]

/** A parameter, the type it is cast to, and the text that PostgreSQL then holds. */
const parameters: readonly (readonly [unknown, string, string | null])[] = [
  [null, 'text', null],
  [undefined, 'text', null],
  ["a'b\\c", 'text', "a'b\\c"],
  [12, 'int8', '12'],
  [9223372036854775807n, 'int8', '9223372036854775807'],
  [true, 'bool', 'true'],
  [1.5, 'float8', '1.5'],
  [new Date('2024-02-29T18:29:59.123Z'), 'timestamptz', '2024-02-29 18:29:59.123+00'],
  [new Date('+012024-01-01T00:00:00Z'), 'timestamptz', '12024-01-01 00:00:00+00'],
  [new Date('-000043-03-15T12:00:00Z'), 'timestamptz', '0044-03-15 12:00:00+00 BC'],
  [Buffer.from([0, 255]), 'bytea', '\\x00ff'],
  [Uint8Array.of(1, 2), 'bytea', '\\x0102'],
  ['{"a":9007199254740993}', 'jsonb', '{"a": 9007199254740993}'],
  [{ a: JSON.rawJSON('9007199254740993') }, 'jsonb', '{"a": 9007199254740993}'],
  [['a,b', 'c"d\\', null, ''], 'text[]', '{"a,b","c\\"d\\\\",NULL,""}'],
  [[1, 2], 'int8[]', '{1,2}'],
  [[true, false], 'bool[]', '{t,f}'],
  [[new Date('2024-01-01T00:00:00Z')], 'timestamptz[]', '{"2024-01-01 00:00:00+00"}'],
  [['{"a":1}'], 'jsonb[]', '{"{\\"a\\": 1}"}'],
  [[Buffer.from([255])], 'bytea[]', '{"\\\\xff"}'],
  [
    [
      [1, 2],
      [3, 4],
    ],
    'int4[]',
    '{{1,2},{3,4}}',
  ],
  [[], 'text[]', '{}'],
]

describeEngines('values', open => {
  test('come out as the same JavaScript values', async () => {
    const database = await open()
    for (const [expression, expected, throughKysely = expected] of columns) {
      const text = `select ${expression} as value`
      const { rows } = await database.run({ name: undefined, sql: text, parameters: [] }, [])
      expect(rows, expression).toEqual([[expected]])
      const parsed = await sql.raw(text).execute(database.kysely)
      expect(parsed.rows, expression).toEqual([{ value: throughKysely }])
    }
  })

  test('go in as the same PostgreSQL values', async () => {
    const database = await open()
    for (const [parameter, type, expected] of parameters) {
      const text = `select ($1::${type})::text as value`
      const { rows } = await database.run({ name: undefined, sql: text, parameters: [parameter] }, [])
      expect(rows, text).toEqual([[expected]])
      const query = sql`select (${parameter}::${sql.raw(type)})::text as value`
      expect((await query.execute(database.kysely)).rows, text).toEqual([{ value: expected }])
    }
  })

  test('keep the digits of a JSON number that a double cannot hold', async () => {
    const { kysely } = await open()
    const { rows } = await sql`select '{"n":9007199254740993}'::jsonb as value`.execute(kysely)
    expect(JSON.stringify(rows)).toBe('[{"value":{"n":9007199254740993}}]')
  })

  test('are refused as invalid input when PostgreSQL does not read them', async () => {
    const database = await open()
    const refused: readonly (readonly [unknown, string])[] = [
      ['x', 'int8'],
      ['9223372036854775808', 'int8'],
      [new Date(Number.NaN), 'timestamptz'],
      [[1], 'jsonb'],
      ['{"a":"\\u0000"}', 'jsonb'],
      ['a\u0000b', 'text'],
    ]
    for (const [parameter, type] of refused) {
      const statement = { name: undefined, sql: `select $1::${type}`, parameters: [parameter] }
      const expected = { code: 108, data: { reason: 'value_refused' } }
      await expect(database.run(statement, []), type).rejects.toMatchObject(expected)
    }
  })
})

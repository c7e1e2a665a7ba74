import { describe, expect, test } from 'vitest'
import { allOf } from '../../src/condition/compile.ts'
import {
  and,
  equal,
  isNotNull,
  isNull,
  not,
  nothing,
  or,
  type Predicate,
} from '../../src/condition/predicate.ts'
import { Slot } from '../../src/database/statement.ts'
import { compiler } from './compiler.ts'

const start = 'select "id" from "t" where '

function compile(predicates: readonly Predicate[], firstSlot?: number) {
  const { sql, parameters } = compiler
    .selectFrom('t')
    .select('id')
    .where(allOf(predicates, firstSlot))
    .compile()
  expect(sql.startsWith(start)).toBe(true)
  return { sql: sql.slice(start.length), parameters }
}

function slots(...indexes: readonly number[]): readonly Slot[] {
  return indexes.map(index => new Slot(index))
}

describe('a leaf', () => {
  test.each<[Predicate, string, number]>([
    [equal('a', 'x'), '"a" = $1', 1],
    [{ type: 'any', column: 'a', values: [1, 2, 3] }, '"a" = any($1)', 1],
    [{ type: 'prefix', column: 'a', from: 'x', to: 'y' }, '("a" >= $1 and "a" < $2)', 2],
    [{ type: 'time_from', column: 'a', time: 'infinity' }, '"a" >= $1', 1],
    [{ type: 'time_to', column: 'a', time: 'infinity' }, '"a" <= $1', 1],
    [
      { type: 'elapsed_from', minuend: 'a', subtrahend: 'b', milliseconds: 1 },
      '("a" - "b") >= make_interval(secs => $1::float8 / 1000)',
      1,
    ],
    [
      { type: 'elapsed_to', minuend: 'a', subtrahend: 'b', milliseconds: 1 },
      '("a" - "b") <= make_interval(secs => $1::float8 / 1000)',
      1,
    ],
    [isNull('a'), '"a" is null', 0],
    [isNotNull('a'), '"a" is not null', 0],
    [{ type: 'json_contains', column: 'a', json: '{}' }, '"a" @> $1::text::jsonb', 1],
    [{ type: 'text_contains', column: 'a', text: '%_\\' }, 'position(lower($1) in lower("a")) > 0', 1],
    [
      { type: 'path_equals', column: 'a', path: ['x', 0], json: '1' },
      `("a" @> $1::text::jsonb and jsonb_path_query_first("a", $2::text::jsonpath, '{}', true) = $3::text::jsonb)`,
      3,
    ],
    [
      { type: 'path_compare', column: 'a', path: ['x'], operator: '>', json: '1' },
      'jsonb_path_match("a", $1::text::jsonpath, $2::text::jsonb, true)',
      2,
    ],
    [
      { type: 'search', texts: ['a'], payloads: ['b'], text: 'x' },
      `position(lower($1) in lower(concat_ws('\u0001', "a", "b") collate "default")) > 0`,
      1,
    ],
    [{ type: 'before', columns: ['a', 'b'], values: ['x', 1] }, '("a", "b") < ($1, $2)', 2],
    [{ type: 'after', columns: ['a', 'b'], values: ['x', 1] }, '("a", "b") > ($1, $2)', 2],
    [{ type: 'before', columns: ['b'], values: [1] }, '("b") < ($1)', 1],
    [nothing, 'false', 0],
  ])('%j becomes SQL without a value in it', (leaf, sql, values) => {
    expect(compile([leaf])).toEqual({ sql, parameters: slots(...Array.from({ length: values }).keys()) })
  })

  test('quotes its column', () => {
    expect(compile([equal('a"b', 'x')]).sql).toBe('"a""b" = $1')
  })
})

describe('predicates together', () => {
  test('all hold', () => {
    expect(compile([equal('a', 1), equal('b', 2)])).toEqual({
      sql: '("a" = $1 and "b" = $2)',
      parameters: slots(0, 1),
    })
  })

  test('number their slots in the order they are written, from the first slot', () => {
    const list = [equal('a', 1), or(equal('b', 2), and(equal('c', 3), not(equal('d', 4)))), equal('e', 5)]
    expect(compile(list, 10)).toEqual({
      sql: '("a" = $1 and ("b" = $2 or ("c" = $3 and ("d" = $4) is not true)) and "e" = $5)',
      parameters: slots(10, 11, 12, 13, 14),
    })
  })

  test('without any are fulfilled by every row', () => {
    expect(compile([])).toEqual({ sql: '1 = 1', parameters: [] })
  })

  test('in an empty "or" are fulfilled by no row', () => {
    expect(compile([or()]).sql).toBe('false')
  })

  test('under "not" count what is unknown as false', () => {
    expect(compile([not(or(equal('a', 1), isNull('b')))]).sql).toBe('(("a" = $1 or "b" is null)) is not true')
  })
})

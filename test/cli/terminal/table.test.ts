import { describe, expect, test } from 'vitest'
import { renderRecord as recordLines, renderRows as rowLines } from '../../../src/cli/terminal/table.ts'
import { textWidth } from '../../../src/cli/terminal/visible-text.ts'
import { parseJson } from '../../../src/json.ts'

function renderRows(rows: readonly object[], width: number): readonly string[] {
  return rowLines(rows, { width, zone: 'utc' })
}

function renderRecord(record: object): readonly string[] {
  return recordLines(record, { zone: 'utc' })
}

const row = {
  id: 7,
  js_worker_name: 'demo_worker',
  start_time: 1_775_000_000_000,
  finish_time: null,
  param: { hello: 'world' },
}

describe('a table', () => {
  test('aligns columns, numbers to the right, times as ISO 8601 and null as a dash', () => {
    expect(renderRows([row, { ...row, id: 1234, js_worker_name: 'x' }], 200)).toEqual([
      '  id  js_worker_name  start_time            finish_time  param',
      '   7  demo_worker     2026-03-31 23:33:20Z  -            {"hello":"world"}',
      '1234  x               2026-03-31 23:33:20Z  -            {"hello":"world"}',
    ])
  })

  test('keeps every line within the terminal and shows what was cut', () => {
    const wide = { ...row, param: { text: 'a'.repeat(500) }, error_message: 'b'.repeat(300) }
    const lines = renderRows([wide, row], 120)
    expect(Math.max(...lines.map(textWidth))).toBe(120)
    expect(lines[1]).toMatch(/^ 7 {2}demo_worker .*aaa… +bbb+…$/)
  })

  test('is one member a line on a terminal too narrow to say anything', () => {
    expect(renderRows([row, { id: 8, param: 'x'.repeat(99) }], 40)).toEqual([
      '[1]',
      'id              7',
      'js_worker_name  demo_worker',
      'start_time      2026-03-31 23:33:20.000Z',
      'finish_time     -',
      'param           {"hello":"world"}',
      '[2]',
      'id     8',
      `param  ${'x'.repeat(32)}…`,
    ])
  })

  test('of no rows is nothing', () => {
    expect(renderRows([], 80)).toEqual([])
  })

  test('counts the two cells of wide characters', () => {
    const lines = renderRows(
      [
        { name: '工作器', x: 1 },
        { name: 'abcdef', x: 2 },
        { name: '🚀e\u0301', x: 3 },
      ],
      80,
    )
    expect(lines).toEqual(['name    x', '工作器  1', 'abcdef  2', '🚀e\u0301     3'])
  })

  test('shows numbers beyond 2^53 with all digits', () => {
    const rows = [parseJson('{"id":9007199254740993,"param":{"n":18446744073709551615}}') as object]
    expect(renderRows(rows, 80)[1]).toBe('9007199254740993  {"n":18446744073709551615}')
  })

  test('has a column for a member that only a later row has', () => {
    expect(renderRows([{ a: 'x' }, { b: 'y' }], 80)).toEqual(['a  b', 'x  -', '-  y'])
  })

  test.each([
    ['an escape sequence', '\u001b[2J\u001b]0;owned\u0007'],
    ['a C1 control', '\u009b31m'],
    ['a line break', 'one\r\ntwo'],
    ['a bidirectional override', 'a\u202eb'],
    ['a delete character', '\u007f'],
  ])('never lets a record drive the terminal: %s', (_name, text) => {
    const lines = [
      ...renderRows([{ [text]: text, json: { [text]: [text] } }], 300),
      ...renderRecord({ [text]: text, json: [text] }),
    ]
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

test('a record is shown member by member', () => {
  expect(renderRecord({ key: 'abc', expires_at: 0, username: null })).toEqual([
    'key         abc',
    'expires_at  1970-01-01 00:00:00.000Z',
    'username    -',
  ])
})

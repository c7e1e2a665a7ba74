import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import { jsResult } from '../../../src/resource/kind/js-result.ts'
import { states } from '../../../src/resource/state.ts'
import { someText } from '../../condition/random-condition.ts'
import { describeEngines } from '../../support/databases.ts'
import { appendAll, type Call, createCaller, type Page } from '../caller.ts'
import { randomRows } from '../random-row.ts'
import { recordAll } from '../record-rows.ts'
import { matches, type WireRow } from '../reference.ts'

const made = ['state', 'duration_ms', 'error_first_line']

/** The first line of an error, once more and in another way. */
function firstLine(error: unknown): string | null {
  if (typeof error !== 'string') return null
  const [line = ''] = error.replace(/^[ \t\r\n]+/, '').split('\n')
  return [...line]
    .slice(0, 300)
    .join('')
    .replace(/[ \t\r]+$/, '')
}

describeEngines('what a page shows beside the fields', open => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database)
  })

  test.each(resources)('of $name follows from its fields', async resource => {
    const { name, ordering, language } = resource
    const rows = randomRows(resource, 200).map((row, i) =>
      'error_message' in row && row.error_message !== null
        ? { ...row, error_message: `${i % 2 === 0 ? '\n\t ' : ''}${row.error_message}\r\nsecond` }
        : row,
    )
    const keys = await recordAll({ database, call, resource }, rows)
    const expected = new Map(
      rows.map((row, i) => {
        const whole: WireRow = { [ordering.key]: keys[i], ...row }
        const words = states.filter(state => language.words.has(`is_${state}`))
        const { start_time: start, finish_time: finish } = whole
        const hasEnded = typeof start === 'number' && typeof finish === 'number'
        const shown = {
          [ordering.key]: keys[i],
          state: words.find(state => matches(whole, `is_${state}`)) ?? null,
          duration_ms: hasEnded ? finish - start : null,
          error_first_line: firstLine(whole.error_message),
        }
        return [keys[i], shown]
      }),
    )
    const page: Page = await call(`${name}_page`, {
      query: { condition: [{ limit: 1000 }] },
      fields: [...made, ordering.key],
    })
    expect(page.rows).toHaveLength(rows.length)
    for (const row of page.rows) expect(row).toEqual(expected.get(Number(row[ordering.key])))
    expect(Object.keys(page.rows[0] ?? {})).toEqual([ordering.key, ...made])
  })

  test('is the first line of any error that says something, cut to 300 characters', async () => {
    const texts = [
      ...fc.sample(someText, 50),
      '',
      '\n\n\r\n',
      `${'🙂'.repeat(301)}\nmore`,
      `${' '.repeat(1999)}x`,
      'é'.repeat(500_000),
      'one\rtwo\nthree',
    ]
    const rows = texts.map((error_message, start_time) => ({
      js_worker_name: 'lines',
      error_message,
      start_time,
    }))
    await appendAll(call, jsResult, rows)
    const page: Page = await call('js-result_page', {
      query: { condition: [{ js_worker_name: 'lines' }] },
      order: 'oldest',
      fields: ['error_first_line'],
    })
    expect(page.rows.map(row => row.error_first_line)).toEqual(texts.map(firstLine))
  })

  test('is shown only when it is asked for', async () => {
    const query = { condition: ['last'] }
    const page: Page = await call('js-result_page', { query })
    expect(Object.keys(page.rows[0] ?? {})).toEqual(jsResult.fields.map(({ name }) => name))
    const other: Page = await call('js-result_page', { query, fields: ['state'] })
    expect(Object.keys(other.rows[0] ?? {})).toEqual(['state'])
  })
})

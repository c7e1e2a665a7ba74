import { expect, test } from 'vitest'
import { describeApps } from './support/wire.ts'

/** What SQL, LIKE, regular expressions, globs, JSON paths and formats take for more than a character. */
const texts = [
  "'; drop table js_result; --",
  "' or '1'='1",
  "''",
  '"; delete from token; --',
  'x -- x',
  '%',
  '_',
  '%x%',
  'x%',
  '\\',
  '\\%',
  "\\' or 1=1",
  'E\\047',
  '$1',
  '$$x$$',
  ':name',
  '?',
  '?|',
  '@>',
  '{}',
  '{a,b}',
  '[a-z]',
  '!x',
  '(x|y)',
  '^x$',
  '.+',
  '#{x}',
  '{{x}}',
  '`x`',
  'null',
  'true',
  '__proto__',
  'constructor',
  'rawJSON',
  'x  y',
  'x,y',
  'ä ß 秘密 😀 e\u0301',
  'x\u2028y',
]

/** Everything that holds a string of the record, and no other record. */
function conditionsFor(text: string): readonly object[] {
  return [
    { run_type: text },
    { js_worker_name: text },
    { js_worker_name_in: [text] },
    { js_worker_name_like: text },
    { run_type_in: [text, 'none'] },
    { error_message_contains: `<${text}>` },
    { param_contains: { [text]: text } },
    { result_contains: [text] },
    { not: { not: { js_worker_name: text } } },
  ]
}

describeApps('metacharacters', wire => {
  test('come back intact from every string of a record', async () => {
    const rows = texts.map(recordOf)
    await wire.result('js-result_append', { rows })
    const found = await wire.result('js-result_query', { query: { condition: [{ limit: 1000 }] } })
    expect(found).toEqual(rows.map(row => expect.objectContaining(row)).toReversed())
  })

  test.each(texts)('%j is literal in every condition', async text => {
    for (const condition of conditionsFor(text)) {
      const query = { condition: [condition] }
      expect(await wire.result('js-result_query', { query })).toEqual([
        expect.objectContaining(recordOf(text)),
      ])
      expect(await wire.result('js-result_delete', { query, dry_run: true })).toMatchObject({
        would_delete: 1,
      })
    }
  })

  test.each(texts)('%j before a star covers what begins with it and nothing else', async text => {
    const query = { condition: [{ js_worker_name_like: `${text}*` }] }
    const found = await wire.result<{ js_worker_name: string }[]>('js-result_query', { query })
    const expected = texts.filter(name => name.startsWith(text))
    expect(found.map(row => row.js_worker_name).toReversed()).toEqual(expected)
  })

  test.each(['*', '/* x */', 'a*b', '%*%', '\n\t\b', '\u0001', ' x ', '\u202e', 'a\u200bb'])(
    '%j, which no name may hold, is literal in prose and payload',
    async text => {
      const row = {
        js_worker_name: 'prose',
        error_message: `<${text}>`,
        param: { [text]: text },
        result: text,
      }
      await wire.result('js-result_append', { rows: [row] })
      for (const condition of [
        { error_message_contains: `<${text}>` },
        { param_contains: { [text]: text } },
        { result_contains: text },
      ]) {
        const found = await wire.result('js-result_query', { query: { condition: [condition] } })
        expect(found).toEqual([expect.objectContaining(row)])
      }
    },
  )

  test('are literal in an event-log and in how it ended', async () => {
    const rows = texts.map(text => ({
      full_name: text,
      sender: text,
      event_type: text,
      request_id: text,
      node_id: text,
      parent_node_id: text,
    }))
    const { ids } = await wire.result<{ ids: number[] }>('event-log_append', { rows })
    for (const [i, text] of texts.entries()) {
      await wire.result('event-log_finish', { id: ids[i], error_message: text })
      for (const member of Object.keys(rows[i] ?? {})) {
        const condition = [{ [member]: text }, { [`${member}_like`]: text }, 'is_failure']
        const found = await wire.result('event-log_query', { query: { condition } })
        expect(found).toEqual([expect.objectContaining({ ...rows[i], error_message: text })])
      }
    }
  })

  test('are literal in what services and executions tell', async () => {
    const service = (text: string) => ({
      project_id: text,
      service_id: text,
      service_name: text,
      event_info: `<${text}>`,
    })
    const execution = (text: string) => ({
      execution_id: text,
      name: text,
      namespace: text,
      reason: `<${text}>`,
      message: `<${text}>`,
      elem_type: text,
      elem_id: text,
      action_name: text,
    })
    await wire.result('service-event_append', { rows: texts.map(service) })
    // Twice, to be merged with none but itself.
    for (const _ of [1, 2]) await wire.result('execution-event_append', { rows: texts.map(execution) })
    for (const text of texts) {
      for (const [resource, row] of [
        ['service-event', service(text)],
        ['execution-event', { ...execution(text), count: 2 }],
      ] as const) {
        const condition = Object.entries(row).map(([member, value]) =>
          String(value).startsWith('<') ? { [`${member}_contains`]: value } : { [member]: value },
        )
        const found = await wire.result(`${resource}_query`, { query: { condition } })
        expect(found).toEqual([expect.objectContaining(row)])
      }
    }
  })

  test('delete only the record that they name', async () => {
    for (const [i, text] of texts.entries()) {
      const query = { condition: [{ js_worker_name: text }] }
      expect(await wire.result('js-result_delete', { query })).toMatchObject({ deleted: 1 })
      const left = { query: { condition: [{ start_time_to: 1 }] } }
      expect(await wire.result('js-result_count', left)).toEqual({ count: texts.length - i - 1 })
    }
  })
})

function recordOf(text: string): Record<string, unknown> {
  return {
    js_worker_name: text,
    run_type: text,
    start_time: 1,
    param: { [text]: text, list: [text] },
    result: [text],
    error_message: `<${text}>`,
  }
}

import { describe, expect, test } from 'vitest'
import { badConditions } from './bad-conditions.ts'
import { secrets } from './support/app.ts'
import { expectUntouched } from './support/untouched.ts'
import { describeApps, failure } from './support/wire.ts'

const methods = [
  'js-result_query',
  'js-result_page',
  'js-result_count',
  'js-result_stats',
  'js-result_facet',
  'js-result_delete',
]

/** A batch of one request a method, each with the query as it stands. */
function batchText(query: string, names: readonly string[] = methods): string {
  const requests = names.map(method => {
    const field = method.endsWith('_facet') ? ',"field":"state"' : ''
    const params = `{"token":"${secrets.root}","query":${query}${field}}`
    return `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`
  })
  return `[${requests.join()}]`
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

describeApps('conditions', wire => {
  describe('that are bad or find little', () => {
    expectUntouched(wire)

    test.each(badConditions.map(row => [shorten(row[0]), ...row] as const))(
      '%s is refused by every method with its path, and nothing is read or deleted',
      async (_short, json, reason, path, code = -32602) => {
        const refusal = failure(code, reason, `query.condition${path}`)
        const answers = await wire.ask(batchText(`{"condition":[${json},{"limit":5}]}`))
        expect(answers).toEqual(methods.map(() => refusal))
      },
    )

    test.each([
      ['null', 'query', 'invalid_params'],
      ['[]', 'query', 'invalid_params'],
      ['"last"', 'query', 'invalid_params'],
      ['{}', 'query.condition', 'invalid_params'],
      ['{"condition":null}', 'query.condition', 'invalid_params'],
      ['{"condition":"last"}', 'query.condition', 'invalid_params'],
      ['{"condition":{"0":"last","length":1}}', 'query.condition', 'invalid_params'],
      ['{"condition":["last"],"limit":1}', 'query.limit', 'unknown_member'],
      ['{"condition":["last"],"__proto__":{}}', 'query.__proto__', 'unknown_member'],
      ['{"__proto__":{"condition":["last"]}}', 'query.__proto__', 'unknown_member'],
    ])('the query %s is refused at %s', async (query, path, reason) => {
      const refusal = failure(-32602, reason, path)
      expect(await wire.ask(batchText(query))).toEqual(methods.map(() => refusal))
    })

    test.each(['"all"', '{"all":null}', '{"all":true}'])('%s is for deletes alone', async all => {
      const reads = methods.slice(0, 3)
      const refusal = failure(-32602, 'misplaced_condition', 'query.condition[0]')
      expect(await wire.ask(batchText(`{"condition":[${all}]}`, reads))).toEqual(reads.map(() => refusal))
    })

    test.each(['false', '0', '"yes"', '{}'])('{"all":%s} deletes nothing', async value => {
      const answers = await wire.ask(batchText(`{"condition":[{"all":${value}}]}`, ['js-result_delete']))
      expect(answers).toEqual([failure(-32602, 'wrong_type', 'query.condition[0].all')])
    })

    test.each([
      ['event-log', '"is_done"', 'unknown_condition', '[0]'],
      ['event-log', '{"js_worker_name":"a"}', 'unknown_condition', '[0].js_worker_name'],
      ['event-log', '{"status":"done"}', 'wrong_type', '[0].status'],
      ['event-log', '{"status_in":["fail","done"]}', 'wrong_type', '[0].status_in[1]'],
      ['event-log', '{"run_type":"call"}', 'wrong_type', '[0].run_type'],
      ['event-log', '{"attempt":"1"}', 'wrong_type', '[0].attempt'],
      ['event-log', '{"created_time_from_to":[1]}', 'wrong_type', '[0].created_time_from_to'],
      ['event-log', '{"request_id":7}', 'wrong_type', '[0].request_id'],
      ['service-event', '"is_running"', 'unknown_condition', '[0]'],
      ['service-event', '{"event_info":"x"}', 'unknown_condition', '[0].event_info'],
      ['service-event', '{"event_type":"Normal"}', 'wrong_type', '[0].event_type'],
      ['service-event', '{"event_type_like":"n*"}', 'unknown_condition', '[0].event_type_like'],
      ['service-event', '{"event_info_contains":1}', 'wrong_type', '[0].event_info_contains'],
      ['service-event', '{"occur_time_to":"now"}', 'wrong_type', '[0].occur_time_to'],
      ['service-event', '{"duration_from":1}', 'unknown_condition', '[0].duration_from'],
      ['execution-event', '{"type":"normal"}', 'wrong_type', '[0].type'],
      ['execution-event', '{"count":"1"}', 'wrong_type', '[0].count'],
      ['execution-event', '{"merge_key":"x"}', 'unknown_condition', '[0].merge_key'],
      ['execution-event', '{"elem_id":null}', 'wrong_type', '[0].elem_id'],
      ['execution-event', '{"last_timestamp":1}', 'unknown_condition', '[0].last_timestamp'],
      ['change-event', '{"sequence_number":"1"}', 'wrong_type', '[0].sequence_number'],
      ['change-event', '{"id":1}', 'unknown_condition', '[0].id'],
      ['change-event', '{"offset":"0"}', 'unknown_condition', '[0].offset'],
      ['change-event', '{"tenant_key":"x"}', 'unknown_condition', '[0].tenant_key'],
      ['change-event', '"is_success"', 'unknown_condition', '[0]'],
      ['change-event', '{"full_folder_path_like":"a*b"}', 'wrong_type', '[0].full_folder_path_like'],
    ])('%s refuses %s in its own words', async (resource, json, reason, path) => {
      const own = methods.map(method => method.replace('js-result', resource))
      const refusal = failure(-32602, reason, `query.condition${path}`)
      expect(await wire.ask(batchText(`{"condition":[${json}]}`, own))).toEqual(own.map(() => refusal))
    })

    test('a delete without any condition wants "all"', async () => {
      const refusal = failure(108, 'all_required', 'query.condition')
      expect(await wire.call('js-result_delete', { query: { condition: [] } })).toEqual(refusal)
      expect(await wire.call('js-result_delete', { query: { condition: [] }, dry_run: true })).toEqual(
        refusal,
      )
    })

    test.each([
      ['a limit of none', [{ limit: 0 }]],
      ['a reversed range', [{ start_time_from_to: [2, 1] }]],
      ['two different names', [{ js_worker_name: 'kept' }, { js_worker_name: 'other' }]],
      ['two different ids', [{ id: 1 }, { id: 2 }]],
      ['an empty list of names', [{ js_worker_name_in: [] }]],
      ['a time beyond all records', [{ start_time_from: Number.MAX_SAFE_INTEGER }]],
    ])('%s finds nothing and deletes nothing', async (_what, condition) => {
      const query = { condition }
      expect(await wire.result('js-result_query', { query })).toEqual([])
      expect(await wire.result('js-result_count', { query })).toEqual({ count: 0 })
      expect(await wire.result('js-result_delete', { query })).toMatchObject({ success: true, deleted: 0 })
    })

    test.each([
      ['of several limits the last counts', [{ limit: 1 }, { limit: 2 }], 2],
      ['last wins over any limit', ['last', { limit: 2 }, { limit: 0 }], 1],
      ['a limit beyond the most is the most', [{ limit: 10_001 }], 3],
      ['the same name twice is that name', [{ js_worker_name: 'kept' }, { js_worker_name: 'kept' }], 2],
      ['32 conditions are not too many', Array(32).fill('is_failure'), 1],
      [
        'eight levels are not too many',
        [JSON.parse(`${'{"not":'.repeat(8)}"is_failure"${'}'.repeat(8)}`)],
        1,
      ],
    ])('%s', async (_what, condition, would_delete) => {
      const query = { condition }
      expect(await wire.result('js-result_count', { query })).toEqual({ count: would_delete })
      const dry = await wire.result('js-result_delete', { query, dry_run: true })
      expect(dry).toMatchObject({ deleted: 0, would_delete })
    })
  })

  test('a limit over 10 000 counts as 10 000', async () => {
    const rows = Array.from({ length: 1000 }, () => ({ js_worker_name: 'many' }))
    for (let i = 0; i < 10; i++) await wire.result('js-result_append', { rows })
    await wire.result('js-result_append', { rows: rows.slice(0, 1) })
    const query = { condition: [{ js_worker_name: 'many' }, { limit: 10_001 }] }
    expect(await wire.result('js-result_count', { query })).toEqual({ count: 10_000 })
    expect(await wire.result('js-result_query', { query })).toHaveLength(10_000)
    expect(await wire.result('js-result_delete', { query })).toMatchObject({ deleted: 10_000 })
  })
})

import { expect, test } from 'vitest'
import { secrets } from './support/app.ts'
import { expectUntouched } from './support/untouched.ts'
import { describeApps, failure } from './support/wire.ts'

/** A call with the JSON text of its parameters, of which some values are beyond what JSON.stringify writes. */
function callText(method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"token":"${secrets.root}",${params}}}`
}

const badNames = ['1', 'null', '""', '"a*"', '"."', '".."', '"a\\n"', '"\\u007f"', `"${'x'.repeat(129)}"`]
const badTimes = ['"1"', '1.5', 'true', '1e309', '253402300800000', '-62135596800001']
const badIntegers = ['"1"', '1.5', 'true', '9223372036854775808', '1e309']

/** A member of a js-result beside its name, and where its fault is. */
const badMembers: readonly (readonly [json: string, path: string, reason: string])[] = [
  ['"id":1', 'id', 'unknown_member'],
  ['"worker":1', 'worker', 'unknown_member'],
  ['"__proto__":{"run_type":"x"}', '__proto__', 'unknown_member'],
  ['"constructor":{}', 'constructor', 'unknown_member'],
  ['"error_message":1', 'error_message', 'invalid_params'],
  ['"error_message":{"a":1}', 'error_message', 'invalid_params'],
  ['"error_message":"a\\u0000"', 'error_message', 'nul_character'],
  ['"param":{"a":["\\ud800"]}', 'param.a[0]', 'lone_surrogate'],
  ['"result":"\\udfff\\ud800"', 'result', 'lone_surrogate'],
  ['"param":1e1001', 'param', 'number_too_long'],
  ['"result":[1,-1e-1001]', 'result[1]', 'number_too_long'],
  ...badNames.map(value => [`"run_type":${value}`, 'run_type', 'invalid_params'] as const),
  ...badTimes.map(value => [`"start_time":${value}`, 'start_time', 'invalid_params'] as const),
  ...badTimes.map(value => [`"finish_time":${value}`, 'finish_time', 'invalid_params'] as const),
  ...badIntegers.map(value => [`"js_worker_id":${value}`, 'js_worker_id', 'invalid_params'] as const),
]

describeApps('bad rows', wire => {
  expectUntouched(wire)

  test.each(badMembers)(
    'a row with %s is refused, and with it the rows beside it',
    async (json, path, reason) => {
      const rows = `"rows":[{"js_worker_name":"a"},{"js_worker_name":"b",${json}},{"js_worker_name":"c"}]`
      const answer = await wire.ask(callText('js-result_append', rows))
      expect(answer).toEqual(failure(-32602, reason, `rows[1].${path}`))
    },
  )

  test.each(badNames)('the name %s is refused for a new record', async name => {
    const result = await wire.ask(callText('js-result_append', `"rows":[{"js_worker_name":${name}}]`))
    expect(result).toEqual(failure(-32602, 'invalid_params', 'rows[0].js_worker_name'))
    const log = await wire.ask(callText('event-log_append', `"rows":[{"full_name":"a","sender":${name}}]`))
    expect(log).toEqual(failure(-32602, 'invalid_params', 'rows[0].sender'))
  })

  test.each([
    ['"x":1', 'x', 'unknown_member'],
    ['"rows":[]', 'rows'],
    ['"rows":{}', 'rows'],
    ['"rows":[1]', 'rows[0]'],
    ['"rows":[[]]', 'rows[0]'],
    ['"rows":[{}]', 'rows[0].js_worker_name'],
    ['"rows":[{"__proto__":{"js_worker_name":"a"}}]', 'rows[0].__proto__', 'unknown_member'],
    ['"__proto__":{"rows":[{"js_worker_name":"a"}]}', '__proto__', 'unknown_member'],
    [`"rows":[${Array(1001).fill('{"js_worker_name":"a"}')}]`, 'rows'],
  ])('%.60s is no list of rows', async (params, path, reason = 'invalid_params') => {
    const answer = await wire.ask(callText('js-result_append', params))
    expect(answer).toEqual(failure(-32602, reason, path))
  })

  const whole = {
    'event-log': { full_name: 'a', sender: 's' },
    'service-event': { project_id: 'p', service_id: 'a', service_name: 's', event_info: 'x' },
    'execution-event': { execution_id: 'a', name: 'n', namespace: 's', reason: 'r', message: 'm' },
  }

  test.each([
    ['event-log', '"status":"done"', 'status'],
    ['event-log', '"run_type":"call"', 'run_type'],
    ['event-log', '"attempt":1.5', 'attempt'],
    ['event-log', '"created_time":null', 'created_time'],
    ['event-log', '"request_id":""', 'request_id'],
    ['service-event', '"project_id":"a*"', 'project_id'],
    ['service-event', '"service_id":null', 'service_id'],
    ['service-event', '"event_type":"Normal"', 'event_type'],
    ['service-event', '"event_info":1', 'event_info'],
    ['service-event', '"event_info":null', 'event_info'],
    ['service-event', '"occur_time":"2024-01-01"', 'occur_time'],
    ['execution-event', '"name":""', 'name'],
    ['execution-event', '"type":"normal"', 'type'],
    ['execution-event', '"reason":null', 'reason'],
    ['execution-event', '"elem_id":1', 'elem_id'],
    ['execution-event', '"first_timestamp":-62135596800001', 'first_timestamp'],
    ['execution-event', '"last_timestamp":1.5', 'last_timestamp'],
    ['execution-event', '"count":0', 'count'],
    ['execution-event', '"count":1.5', 'count'],
  ] as const)('%s: a row with %s is refused', async (resource, json, member) => {
    const good = JSON.stringify(whole[resource])
    const rows = `"rows":[${good},${good.replace('}', `,${json}}`)}]`
    const answer = await wire.ask(callText(`${resource}_append`, rows))
    expect(answer).toEqual(failure(-32602, 'invalid_params', `rows[1].${member}`))
  })

  test.each([
    ['service-event', '"id":1', 'id'],
    ['execution-event', '"merge_key":"x"', 'merge_key'],
  ] as const)('%s: %s is not for clients to give', async (resource, json, member) => {
    const row = JSON.stringify(whole[resource]).replace('}', `,${json}}`)
    const answer = await wire.ask(callText(`${resource}_append`, `"rows":[${row}]`))
    expect(answer).toEqual(failure(-32602, 'unknown_member', `rows[0].${member}`))
  })

  test('change events cannot be appended', async () => {
    const answer = await wire.ask(callText('change-event_append', '"rows":[{"full_folder_path":"a"}]'))
    expect(answer).toEqual(failure(-32601, 'method_not_found'))
  })

  test.each([
    ['"result":1', 'id', 'invalid_params'],
    ['"id":"3","result":1', 'id', 'invalid_params'],
    ['"id":1e309,"result":1', 'id', 'invalid_params'],
    ['"id":3', 'result', 'outcome_missing'],
    ['"id":3,"__proto__":{"result":1}', '__proto__', 'unknown_member'],
    ['"id":3,"result":1,"error_message":"x"', 'error_message', 'both_given'],
    ['"id":3,"error_message":1', 'error_message', 'invalid_params'],
    ['"id":3,"result":1,"finish_time":"now"', 'finish_time', 'invalid_params'],
    ['"id":3,"result":["\\u0000"]', 'result[0]', 'nul_character'],
    ['"id":3,"result":1e-2000', 'result', 'number_too_long'],
  ])('a finish with %s ends nothing', async (params, path, reason) => {
    const answer = await wire.ask(callText('js-result_finish', params))
    expect(answer).toEqual(failure(-32602, reason, path))
    const open = { query: { condition: ['is_running', { js_worker_name: 'other' }] } }
    expect(await wire.result('js-result_count', open)).toEqual({ count: 1 })
  })

  test.each([
    ['"after":"x"', 'after', 'bad_cursor'],
    ['"after":1', 'after', 'invalid_params'],
    ['"after":"W10="', 'after', 'bad_cursor'],
    ['"order":"random"', 'order', 'invalid_params'],
    ['"order":"oldest","after":"WzEsIm5ld2VzdCIsMSwxXQ"', 'after', 'bad_cursor'],
    ['"fields":[]', 'fields', 'invalid_params'],
    ['"fields":["id","secret"]', 'fields[1]', 'invalid_params'],
    ['"fields":["__proto__"]', 'fields[0]', 'invalid_params'],
    ['"fields":"id"', 'fields', 'invalid_params'],
    ['"count":true', 'count', 'invalid_params'],
    ['"limit":1', 'limit', 'unknown_member'],
  ])('a page with %s is refused', async (params, path, reason) => {
    const answer = await wire.ask(callText('js-result_page', `"query":{"condition":[]},${params}`))
    expect(answer).toEqual(failure(-32602, reason, path))
  })

  test('a page of no rows is refused', async () => {
    const answer = await wire.call('js-result_page', { query: { condition: [{ limit: 0 }] } })
    expect(answer).toEqual(failure(-32602, 'empty_page', 'query.condition'))
  })
})

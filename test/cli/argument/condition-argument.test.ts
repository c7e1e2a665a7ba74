import { beforeAll, describe, expect, test } from 'vitest'
import { type Catalogue, loadCatalogue } from '../../../src/cli/argument/catalogue.ts'
import { parseCondition } from '../../../src/cli/argument/condition-argument.ts'
import { UsageError } from '../../../src/cli/terminal/failure.ts'
import { createClient, type ResourceName } from '../../../src/client/client.ts'
import { conditionSchema } from '../../../src/condition/condition-schema.ts'
import { stringifyJson } from '../../../src/json.ts'
import { resources } from '../../../src/resource/kind/index.ts'

const now = Date.UTC(2026, 5, 15)
let catalogue: Catalogue

beforeAll(async () => {
  const queries = resources.map(({ name, language }) => ({
    name: `${name}_query`,
    params: [
      { name: 'query', schema: { properties: { condition: { items: conditionSchema(language, false) } } } },
    ],
  }))
  const appended = resources.filter(({ recorded }) => recorded === 'append')
  const methods = [...queries, ...appended.map(({ name }) => ({ name: `${name}_append`, params: [] }))]
  const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { methods } })
  catalogue = await loadCatalogue(
    createClient({ url: 'http://daybook', fetch: async () => new Response(answer) }),
  )
})

function read(text: string, resource: ResourceName = 'js-result'): string {
  const known = catalogue.conditionsOf(resource)
  return stringifyJson(parseCondition(text, { known, now, zone: 'utc' }))
}

describe('a condition on the command line', () => {
  test.each([
    ['is_failure', '"is_failure"'],
    ['last', '"last"'],
    ['limit=10', '{"limit":10}'],
    ['id=9223372036854775807', '{"id":9223372036854775807}'],
    ['js_worker_id=7', '{"js_worker_id":7}'],
    ['js_worker_id_in=7,8', '{"js_worker_id_in":[7,8]}'],
    ['js_worker_name=7', '{"js_worker_name":"7"}'],
    ['js_worker_name=a=b', '{"js_worker_name":"a=b"}'],
    ['js_worker_name=', '{"js_worker_name":""}'],
    ['js_worker_name_like=demo_*', '{"js_worker_name_like":"demo_*"}'],
    ['run_type_in=call,1', '{"run_type_in":["call","1"]}'],
    ['run_type_in=', '{"run_type_in":[]}'],
    ['start_time_from=-1h', `{"start_time_from":${now - 3_600_000}}`],
    ['finish_time_to=2026-01-01', `{"finish_time_to":${Date.UTC(2026, 0, 1)}}`],
    ['start_time_from_to=-1d,now', `{"start_time_from_to":[${now - 86_400_000},${now}]}`],
    ['duration_from=1.5s', '{"duration_from":1500}'],
    ['error_message_contains=7', '{"error_message_contains":"7"}'],
    ['param_contains={"n":9007199254740993}', '{"param_contains":{"n":9007199254740993}}'],
    ['result_contains=7', '{"result_contains":7}'],
    ['{"not":{"id":1}}', '{"not":{"id":1}}'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  test('takes the types of the resource it is for', () => {
    expect(read('attempt=2', 'event-log')).toBe('{"attempt":2}')
    expect(read('request_id=2', 'event-log')).toBe('{"request_id":"2"}')
    expect(read('status_in=fail,waiting', 'event-log')).toBe('{"status_in":["fail","waiting"]}')
    expect(read('created_time_from=-1h', 'event-log')).toBe(`{"created_time_from":${now - 3_600_000}}`)
    expect(read('event_info_contains=7', 'service-event')).toBe('{"event_info_contains":"7"}')
    expect(read('event_type_in=abnormal', 'service-event')).toBe('{"event_type_in":["abnormal"]}')
    expect(read('last_timestamp_from=-1h', 'execution-event')).toBe(
      `{"last_timestamp_from":${now - 3_600_000}}`,
    )
    expect(read('count=2', 'execution-event')).toBe('{"count":2}')
    expect(read('sequence_number_in=1,2', 'change-event')).toBe('{"sequence_number_in":[1,2]}')
    expect(read('diagnostic_id_like=00-*', 'change-event')).toBe('{"diagnostic_id_like":"00-*"}')
  })

  test.each([
    ['limit=ten', '{"limit":"ten"}'],
    ['start_time_from_to=now', `{"start_time_from_to":[${now}]}`],
  ])('%s is left to the server to refuse', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  test.each([
    ['is_failed', 'unknown condition "is_failed" (did you mean is_failure?)'],
    ['js_worker=a', 'unknown condition "js_worker" (did you mean js_worker_id?)'],
    ['{"or":["is_sucess",{"not":"last"}]}', 'unknown condition "is_sucess" (did you mean is_success?)'],
    ['{"not":{"run_typ":"a"}}', 'unknown condition "run_typ" (did you mean run_type?)'],
    ['bogus=1', /^unknown condition "bogus"; there are: all, and, duration_from, /],
    ['__proto__=1', /^unknown condition "__proto__"; there are: /],
    ['{"limit":1,"lastt":null}', 'unknown condition "lastt" (did you mean last?)'],
  ])('%s is a usage fault that names the nearest word', (text, message) => {
    expect(() => read(text)).toThrow(UsageError)
    expect(() => read(text)).toThrow(message)
  })

  test('of a server that does not say which there are, any is left to it', () => {
    const reading = { known: new Map(), now, zone: 'utc' } as const
    expect(parseCondition('bogus=1', reading)).toEqual({ bogus: '1' })
  })

  test.each([
    '{"limit":',
    '{oops}',
    'param_contains=oops',
    'param_contains=',
    'start_time_from=soon',
    'duration_to=x',
  ])('%s is a usage fault', text => {
    expect(() => read(text)).toThrow(UsageError)
  })
})

test('a resource that the server does not keep is a usage fault that lists those it keeps', () => {
  expect(catalogue.requireResource('js-result')).toBe('js-result')
  expect(() => catalogue.requireResource('toString')).toThrow(
    /audit-log, change-event, event-log, execution-event, js-result, service-event$/,
  )
})

test('a resource that nothing can be appended to is a usage fault that lists the others', () => {
  expect(catalogue.requireAppended('js-result')).toBe('js-result')
  expect(() => catalogue.requireAppended('toString')).toThrow(/^no resource/)
  expect(() => catalogue.requireAppended('change-event')).toThrow(
    /: event-log, execution-event, js-result, service-event$/,
  )
})

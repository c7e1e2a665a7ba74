/** What is no condition: its JSON text, and the error's code, reason and path behind `query.condition`. */
export type BadCondition = readonly [json: string, reason: string, path: string, code?: number]

/** The key with each of these values is refused, with the path of the key. */
function wrongValues(key: string, ...values: readonly string[]): BadCondition[] {
  return values.map(value => [`{"${key}":${value}}`, 'wrong_type', `[0].${key}`])
}

const notWhole = ['1.5', '"10"', 'null', 'true', '[]', '{}', '1e309', '-1e309', '9223372036854775808']
const notText = ['1', 'null', 'true', '["a"]', '{"$ne":null}', '1e309']

const limits: readonly BadCondition[] = [
  ...wrongValues('limit', '-1', ...notWhole),
  ['"limit"', 'value_missing', '[0]'],
  ['{"LIMIT":1}', 'unknown_condition', '[0].LIMIT'],
]

const words: readonly BadCondition[] = [
  ...wrongValues('last', 'false', '0', '1', '"true"', '{}', '[]'),
  ...wrongValues('is_failure', 'false', '0', '"yes"', '{}'),
  ...['"is_waiting"', '"IS_FAILURE"', '""', '"is_failure "', '"js"'].map(
    (json): BadCondition => [json, 'unknown_condition', '[0]'],
  ),
  ...['"js_worker_name"', '"or"', '"not"'].map((json): BadCondition => [json, 'value_missing', '[0]']),
]

const keys: readonly BadCondition[] = [
  ...['worker', 'status', 'js_worker_name ', 'JS_WORKER_NAME', 'param', 'result', 'token', ''].map(
    (key): BadCondition => [`{"${key}":"x"}`, 'unknown_condition', `[0].${key}`],
  ),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'].flatMap((key): BadCondition[] => [
    [`{"${key}":"x"}`, 'unknown_condition', `[0].${key}`],
    [`{"${key}":{"id":1}}`, 'unknown_condition', `[0].${key}`],
    [`"${key}"`, 'unknown_condition', '[0]'],
  ]),
]

const shapes: readonly BadCondition[] = [
  ['{"id":1,"limit":1}', 'not_one_key', '[0]'],
  ['{"id":1,"__proto__":null}', 'not_one_key', '[0]'],
  ['{}', 'not_one_key', '[0]'],
  ...['1', 'null', 'true', '[]', '["last"]', '[{"limit":1}]', '1e309'].map(
    (json): BadCondition => [json, 'wrong_type', '[0]'],
  ),
  ['"last","is_bad"', 'unknown_condition', '[1]'],
]

const values: readonly BadCondition[] = [
  ...wrongValues('id', ...notWhole),
  ...wrongValues('js_worker_id', ...notWhole),
  ...wrongValues('js_worker_name', ...notText),
  ...wrongValues('run_type', ...notText),
  ...wrongValues('error_message_contains', ...notText),
  ...wrongValues('start_time_from', ...notWhole),
  ...wrongValues('finish_time_to', ...notWhole),
  ...wrongValues('duration_from', ...notWhole),
  ...wrongValues('start_time_since', ...notText, '""', '"24"', '"24 h"', '"1.5h"', '"-1h"', '"24H"', '"1y"'),
  ...wrongValues(
    'start_time_since',
    '"10000w"',
    '"100000d"',
    '"99999999999999ms"',
    '"h"',
    '" 1h"',
    '"1h\\n"',
    '"１h"',
  ),
  ...wrongValues('search', ...notText, '""', '"\\u0001"', `"${'a'.repeat(257)}"`),
  ...wrongValues('start_time_from_to', '1', 'null', '{}', '"1,2"', '[]', '[1]', '[1,2,3]'),
  ['{"start_time_from_to":[1,"2"]}', 'wrong_type', '[0].start_time_from_to[1]'],
  ['{"finish_time_from_to":[1e309,2]}', 'wrong_type', '[0].finish_time_from_to[0]'],
  ...wrongValues('js_worker_name_in', '"a"', 'null', '{}', JSON.stringify(Array(1001).fill('a'))),
  ['{"js_worker_name_in":["a",1]}', 'wrong_type', '[0].js_worker_name_in[1]'],
  ...wrongValues('js_worker_name_like', ...notText, '""', '"a*b"', '"**"', `"${'a'.repeat(129)}"`),
]

function wrongPath(path: string, more: string): BadCondition {
  return [`{"param_path":{"path":${path}${more}}}`, 'wrong_type', '[0].param_path']
}

const paths: readonly BadCondition[] = [
  ...wrongValues('param_path', '1', 'null', '[]', '"a"'),
  ['{"param_path":{}}', 'wrong_type', '[0].param_path.path'],
  ['{"param_path":{"eq":1}}', 'wrong_type', '[0].param_path.path'],
  ...['[]', 'null', '"a"', JSON.stringify(Array(17).fill('a'))].map(
    (path): BadCondition => [`{"param_path":{"path":${path},"eq":1}}`, 'wrong_type', '[0].param_path.path'],
  ),
  ...['-1', '0.5', '2147483648', '1e309', 'null', '["a"]', `"${'a'.repeat(257)}"`].map(
    (segment): BadCondition => [
      `{"param_path":{"path":["a",${segment}],"eq":1}}`,
      'wrong_type',
      '[0].param_path.path[1]',
    ],
  ),
  wrongPath('["a"]', ''),
  wrongPath('["a"]', ',"eq":1,"gt":0'),
  wrongPath('["a"]', ',"eq":null,"exists":true'),
  ['{"param_path":{"path":["a"],"is":1}}', 'unknown_member', '[0].param_path.is'],
  ['{"param_path":{"path":["a"],"__proto__":1}}', 'unknown_member', '[0].param_path.__proto__'],
  ...['null', 'true', '[1]', '{}'].map(
    (value): BadCondition => [
      `{"param_path":{"path":["a"],"gt":${value}}}`,
      'wrong_type',
      '[0].param_path.gt',
    ],
  ),
  ['{"param_path":{"path":["a"],"exists":1}}', 'wrong_type', '[0].param_path.exists'],
  ['{"param_path":{"path":["a"],"in":1}}', 'wrong_type', '[0].param_path.in'],
  [
    `{"param_path":{"path":["a"],"in":${JSON.stringify(Array(1001).fill(1))}}}`,
    'wrong_type',
    '[0].param_path.in',
  ],
]

function nested(depth: number, inner: string): string {
  return '{"not":'.repeat(depth) + inner + '}'.repeat(depth)
}

const nesting: readonly BadCondition[] = [
  ...wrongValues('or', '[]', '{}', 'null', '"last"'),
  ...wrongValues('and', '[]', '{"id":1}'),
  ['{"not":null}', 'wrong_type', '[0].not'],
  ['{"not":[]}', 'wrong_type', '[0].not'],
  ['{"or":[{"limit":1}]}', 'misplaced_condition', '[0].or[0]'],
  ['{"and":["is_failure","last"]}', 'misplaced_condition', '[0].and[1]'],
  ['{"not":"all"}', 'misplaced_condition', '[0].not'],
  ['{"or":["is_failure",{"id":"1"}]}', 'wrong_type', '[0].or[1].id'],
  ['{"or":[{"__proto__":1}]}', 'unknown_condition', '[0].or[0].__proto__'],
  [nested(9, '"is_failure"'), 'nested_too_deeply', `[0]${'.not'.repeat(9)}`],
]

function times(count: number, json: string): string {
  return Array(count).fill(json).join()
}

const tooMany: readonly BadCondition[] = [
  [times(33, '"is_failure"'), 'too_many_conditions', '[32]', 110],
  [times(33, '{"limit":1}'), 'too_many_conditions', '[32]', 110],
  [`{"or":[${times(32, '{"id":1}')}]}`, 'too_many_conditions', '[0].or[31]', 110],
]

export const badConditions = [limits, words, keys, shapes, values, paths, nesting, tooMany].flat()

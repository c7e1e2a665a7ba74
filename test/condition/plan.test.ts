import { describe, expect, test } from 'vitest'
import { type Plan, planConditions } from '../../src/condition/plan.ts'
import type { Predicate } from '../../src/condition/predicate.ts'
import { parseJson } from '../../src/json.ts'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import type { Resource } from '../../src/resource/resource.ts'

interface Options {
  readonly resource?: Resource
  readonly allowAll?: boolean
}

function plan(list: readonly unknown[], { resource = jsResult, allowAll = false }: Options = {}): Plan {
  return planConditions(list, { language: resource.language, path: 'q', maxConditions: 32, allowAll })
}

/** As a client would write it: `1e309` and `9223372036854775808` come as exact numbers. */
function planText(list: string, options?: Options): Plan {
  return plan(parseJson(list) as unknown[], options)
}

function predicatesOf(list: readonly unknown[], options?: Options): readonly Predicate[] {
  return plan(list, options).predicates
}

function fault(code: number, path: string, reason: string): unknown {
  return expect.objectContaining({ code, data: expect.objectContaining({ path, reason }) })
}

function nested(depth: number, kind: 'or' | 'and' | 'not'): unknown {
  if (depth === 0) return { id: 1 }
  const inner = nested(depth - 1, kind)
  return kind === 'not' ? { not: inner } : { [kind]: [inner] }
}

describe('a plan', () => {
  test('of an empty list asks for everything, without a limit', () => {
    expect(plan([])).toEqual({
      predicates: [],
      limit: undefined,
      last: false,
      all: false,
      names: [],
      conditionCount: 0,
    })
  })

  test('holds each condition of the list for itself, and their number', () => {
    const made = plan([{ js_worker_name: 'a' }, 'is_failure', { limit: 5 }])
    expect(made.predicates).toEqual([
      { type: 'equal', column: 'js_worker_name', value: 'a' },
      { type: 'not_null', column: 'error_message' },
    ])
    expect(made.conditionCount).toBe(3)
  })

  test('does not drop a condition that comes twice', () => {
    expect(predicatesOf([{ run_type: 'a' }, { run_type: 'b' }, { run_type: 'a' }])).toHaveLength(3)
  })
})

describe('a key', () => {
  test.each<[Record<string, unknown>, Predicate]>([
    [{ id: 7 }, { type: 'equal', column: 'id', value: 7 }],
    [{ js_worker_id: -3 }, { type: 'equal', column: 'js_worker_id', value: -3 }],
    [{ js_worker_name: 'demo_*' }, { type: 'equal', column: 'js_worker_name', value: 'demo_*' }],
    [{ run_type: '' }, { type: 'equal', column: 'run_type', value: '' }],
    [{ run_type_in: ['a', 'a'] }, { type: 'any', column: 'run_type', values: ['a', 'a'] }],
    [{ id_in: [] }, { type: 'any', column: 'id', values: [] }],
    [{ run_type_like: 'a*' }, { type: 'prefix', column: 'run_type', from: 'a', to: 'b' }],
    [{ run_type_like: 'a' }, { type: 'equal', column: 'run_type', value: 'a' }],
    [
      { start_time_from: 1000 },
      { type: 'time_from', column: 'start_time', time: '1970-01-01T00:00:01.000Z' },
    ],
    [{ finish_time_to: -1 }, { type: 'time_to', column: 'finish_time', time: '1969-12-31T23:59:59.999Z' }],
    [{ start_time_to: 8.64e15 }, { type: 'time_to', column: 'start_time', time: 'infinity' }],
    [{ start_time_from: -8.64e15 }, { type: 'time_from', column: 'start_time', time: '-infinity' }],
    [{ param_contains: { a: [1] } }, { type: 'json_contains', column: 'param', json: '{"a":[1]}' }],
    [
      { param_path: { path: ['a', 0], eq: null } },
      { type: 'path_equals', column: 'param', path: ['a', 0], json: 'null' },
    ],
    [
      { param_path: { path: ['a'], exists: false } },
      { type: 'not', predicate: { type: 'path_exists', column: 'param', path: ['a'] } },
    ],
    [{ start_time_since: '2m' }, { type: 'time_since', column: 'start_time', milliseconds: 120_000 }],
    [{ result_contains: null }, { type: 'json_contains', column: 'result', json: 'null' }],
    [{ error_message_contains: '%' }, { type: 'text_contains', column: 'error_message', text: '%' }],
    [
      { duration_from: 5 },
      { type: 'elapsed_from', minuend: 'finish_time', subtrahend: 'start_time', milliseconds: 5 },
    ],
    [
      { duration_to: 0 },
      { type: 'elapsed_to', minuend: 'finish_time', subtrahend: 'start_time', milliseconds: 0 },
    ],
  ])('%j becomes its predicate', (condition, expected) => {
    expect(predicatesOf([condition])).toEqual([expected])
  })

  test('of a range becomes both its ends, also when they are reversed', () => {
    const range = (from: string, to: string): Predicate => ({
      type: 'and',
      all: [
        { type: 'time_from', column: 'start_time', time: from },
        { type: 'time_to', column: 'start_time', time: to },
      ],
    })
    const one = '1970-01-01T00:00:00.001Z'
    const two = '1970-01-01T00:00:00.002Z'
    expect(predicatesOf([{ start_time_from_to: [1, 2] }])).toEqual([range(one, two)])
    expect(predicatesOf([{ start_time_from_to: [2, 1] }])).toEqual([range(two, one)])
  })

  test('of a length of time counts back from the clock, if there is one', () => {
    const { language } = jsResult
    const options = { language, path: 'q', maxConditions: 32, allowAll: false, clock: () => 86_400_000 }
    expect(planConditions([{ start_time_since: '1d' }], options).predicates).toEqual([
      { type: 'time_from', column: 'start_time', time: '1970-01-01T00:00:00.000Z' },
    ])
  })

  test('keeps a number that a double cannot hold as its text', () => {
    expect(planText('[{"param_contains":{"n":9007199254740993}}]').predicates).toEqual([
      { type: 'json_contains', column: 'param', json: '{"n":9007199254740993}' },
    ])
  })

  test.each([
    [{ id: '7' }, 'q[0].id'],
    [{ id: 1.5 }, 'q[0].id'],
    [{ id: null }, 'q[0].id'],
    [{ id: 2 ** 53 }, 'q[0].id'],
    [{ run_type: 5 }, 'q[0].run_type'],
    [{ run_type: ['a'] }, 'q[0].run_type'],
    [{ run_type: { a: 1 } }, 'q[0].run_type'],
    [{ run_type_in: 'a' }, 'q[0].run_type_in'],
    [{ run_type_in: ['a', 1] }, 'q[0].run_type_in[1]'],
    [{ id_in: Array.from({ length: 1001 }, (_, i) => i) }, 'q[0].id_in'],
    [{ run_type_like: 'a*b' }, 'q[0].run_type_like'],
    [{ run_type_like: '**' }, 'q[0].run_type_like'],
    [{ run_type_like: '' }, 'q[0].run_type_like'],
    [{ start_time_from: '1' }, 'q[0].start_time_from'],
    [{ start_time_from: 1.5 }, 'q[0].start_time_from'],
    [{ start_time_from_to: [1] }, 'q[0].start_time_from_to'],
    [{ start_time_from_to: [1, 2, 3] }, 'q[0].start_time_from_to'],
    [{ start_time_from_to: [1, null] }, 'q[0].start_time_from_to[1]'],
    [{ start_time_from_to: { from: 1, to: 2 } }, 'q[0].start_time_from_to'],
    [{ error_message_contains: null }, 'q[0].error_message_contains'],
    [{ duration_from: 0.5 }, 'q[0].duration_from'],
  ])('%j is a wrong type', (condition, path) => {
    expect(() => plan([condition])).toThrow(fault(-32602, path, 'wrong_type'))
  })

  test('of an enum takes only its values', () => {
    expect(predicatesOf([{ status: 'fail' }], { resource: eventLog })).toHaveLength(1)
    expect(() => plan([{ status: 'failed' }], { resource: eventLog })).toThrow(
      fault(-32602, 'q[0].status', 'wrong_type'),
    )
    expect(() => plan([{ status_like: 'f*' }], { resource: eventLog })).toThrow(
      fault(-32602, 'q[0].status_like', 'unknown_condition'),
    )
  })

  test('of an exact number is no whole number', () => {
    expect(() => planText('[{"id":9223372036854775808}]')).toThrow(fault(-32602, 'q[0].id', 'wrong_type'))
    expect(() => planText('[{"start_time_from":1e309}]')).toThrow(
      fault(-32602, 'q[0].start_time_from', 'wrong_type'),
    )
  })
})

describe('a word', () => {
  test('may come with null or true', () => {
    const expected = predicatesOf(['is_running'])
    expect(predicatesOf([{ is_running: null }])).toEqual(expected)
    expect(predicatesOf([{ is_running: true }])).toEqual(expected)
    for (const last of ['last', { last: null }, { last: true }]) {
      expect(plan([last])).toMatchObject({ last: true, limit: 1, predicates: [] })
    }
    for (const all of ['all', { all: null }, { all: true }]) {
      expect(plan([all], { allowAll: true })).toMatchObject({ all: true, predicates: [] })
    }
  })

  test.each([
    [{ is_running: false }, 'q[0].is_running'],
    [{ is_running: 1 }, 'q[0].is_running'],
    [{ is_running: {} }, 'q[0].is_running'],
    [{ last: false }, 'q[0].last'],
    [{ last: 1 }, 'q[0].last'],
    [{ last: 'true' }, 'q[0].last'],
    [{ last: [] }, 'q[0].last'],
  ])('does not take another value: %j', (condition, path) => {
    expect(() => plan([condition])).toThrow(fault(-32602, path, 'wrong_type'))
  })

  test('that needs a value says so', () => {
    for (const word of ['limit', 'js_worker_name', 'start_time_from_to', 'run_type_in']) {
      expect(() => plan([word])).toThrow(fault(-32602, 'q[0]', 'value_missing'))
    }
  })

  test('"all" belongs to deletes', () => {
    expect(() => plan(['all'])).toThrow(fault(-32602, 'q[0]', 'misplaced_condition'))
    expect(() => plan([{ all: true }])).toThrow(fault(-32602, 'q[0]', 'misplaced_condition'))
    expect(() => plan([{ all: false }], { allowAll: true })).toThrow(
      expect.objectContaining({ code: -32602 }),
    )
  })

  test('exists only where its resource says so', () => {
    expect(predicatesOf(['is_waiting'], { resource: eventLog })).toHaveLength(1)
    expect(() => plan(['is_waiting'])).toThrow(fault(-32602, 'q[0]', 'unknown_condition'))
  })
})

describe('an element', () => {
  test.each<[unknown, string, string]>([
    ['unheard_of', 'q[0]', 'unknown_condition'],
    ['', 'q[0]', 'unknown_condition'],
    ['IS_FAILURE', 'q[0]', 'unknown_condition'],
    ['is_failure ', 'q[0]', 'unknown_condition'],
    ['or', 'q[0]', 'value_missing'],
    [{ unheard_of: 1 }, 'q[0].unheard_of', 'unknown_condition'],
    [{ '': 1 }, 'q[0].', 'unknown_condition'],
    [{ param: {} }, 'q[0].param', 'unknown_condition'],
    [{ error_message: 'a' }, 'q[0].error_message', 'unknown_condition'],
    [{ run_type: 'a', id: 1 }, 'q[0]', 'not_one_key'],
    [{ limit: 1, last: true }, 'q[0]', 'not_one_key'],
    [{}, 'q[0]', 'not_one_key'],
    [null, 'q[0]', 'wrong_type'],
    [true, 'q[0]', 'wrong_type'],
    [5, 'q[0]', 'wrong_type'],
    [['is_failure'], 'q[0]', 'wrong_type'],
    [[], 'q[0]', 'wrong_type'],
  ])('%j is refused', (condition, path, reason) => {
    expect(() => plan([condition])).toThrow(fault(-32602, path, reason))
    expect(() => plan(['is_failure', condition])).toThrow(fault(-32602, path.replace('q[0]', 'q[1]'), reason))
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'get', 'size'])(
    'named %s is unknown, as a word and as a key',
    name => {
      expect(() => planText(`["${name}"]`)).toThrow(fault(-32602, 'q[0]', 'unknown_condition'))
      expect(() => planText(`[{"${name}":{"limit":1}}]`)).toThrow(
        fault(-32602, `q[0].${name}`, 'unknown_condition'),
      )
      expect(() => planText(`[{"id":1,"${name}":1}]`)).toThrow(fault(-32602, 'q[0]', 'not_one_key'))
    },
  )

  test('that is an exact number is no condition', () => {
    expect(() => planText('[9223372036854775808]')).toThrow(expect.objectContaining({ code: -32602 }))
  })
})

describe('a limit', () => {
  test.each([
    [0, 0],
    [1, 1],
    [10_000, 10_000],
    [10_001, 10_000],
    [Number.MAX_SAFE_INTEGER, 10_000],
  ])('of %d counts as %d', (limit, expected) => {
    expect(plan([{ limit }]).limit).toBe(expected)
  })

  test.each(['-1', '1.5', '"10"', 'null', 'true', '1e309', '9223372036854775808', '[1]', '{}', '1e16'])(
    'of %s is refused',
    text => {
      expect(() => planText(`[{"limit":${text}}]`)).toThrow(fault(-32602, 'q[0].limit', 'wrong_type'))
    },
  )

  test('that comes last counts', () => {
    expect(plan([{ limit: 5 }, { limit: 2 }, { limit: 7 }]).limit).toBe(7)
    expect(plan([{ limit: 7 }, { limit: 0 }]).limit).toBe(0)
  })

  test('loses against "last", wherever that stands', () => {
    expect(plan([{ limit: 5 }, 'last']).limit).toBe(1)
    expect(plan(['last', { limit: 5 }]).limit).toBe(1)
    expect(plan(['last', { limit: 0 }]).limit).toBe(1)
  })

  test('that is refused is refused also beside "last"', () => {
    expect(() => plan(['last', { limit: -1 }])).toThrow(fault(-32602, 'q[1].limit', 'wrong_type'))
  })
})

describe('or, and, not', () => {
  test('nest', () => {
    expect(predicatesOf([{ or: [{ id: 1 }, { not: { and: ['is_failure', { id: 2 }] } }] }])).toEqual([
      {
        type: 'or',
        all: [
          { type: 'equal', column: 'id', value: 1 },
          {
            type: 'not',
            predicate: {
              type: 'and',
              all: [
                { type: 'not_null', column: 'error_message' },
                { type: 'equal', column: 'id', value: 2 },
              ],
            },
          },
        ],
      },
    ])
  })

  test.each(['or', 'and', 'not'] as const)('may nest 8 deep: %s', kind => {
    expect(predicatesOf([nested(8, kind)])).toHaveLength(1)
    const step = kind === 'not' ? '.not' : `.${kind}[0]`
    expect(() => plan([nested(9, kind)])).toThrow(fault(-32602, `q[0]${step.repeat(9)}`, 'nested_too_deeply'))
  })

  test.each([
    [{ or: [] }, 'q[0].or'],
    [{ and: [] }, 'q[0].and'],
    [{ or: {} }, 'q[0].or'],
    [{ and: 'is_failure' }, 'q[0].and'],
    [{ or: null }, 'q[0].or'],
    [{ not: [] }, 'q[0].not'],
    [{ not: ['is_failure'] }, 'q[0].not'],
    [{ not: null }, 'q[0].not'],
    [{ or: ['is_failure', 5] }, 'q[0].or[1]'],
    [{ and: [{ or: [null] }] }, 'q[0].and[0].or[0]'],
  ])('%j is refused', (condition, path) => {
    expect(() => plan([condition])).toThrow(fault(-32602, path, 'wrong_type'))
  })

  test('say where a fault inside them is', () => {
    expect(() => plan([{ or: ['is_failure', { not: { and: [{ id: 'x' }] } }] }])).toThrow(
      fault(-32602, 'q[0].or[1].not.and[0].id', 'wrong_type'),
    )
    expect(() => plan([{ or: [{ run_type_in: [1] }] }])).toThrow(
      fault(-32602, 'q[0].or[0].run_type_in[0]', 'wrong_type'),
    )
  })

  test.each(['last', { last: null }, { limit: 1 }, 'all', { all: true }])(
    'do not take %j inside',
    condition => {
      const options = { allowAll: true }
      for (const [wrapped, path] of [
        [{ or: [condition] }, 'q[0].or[0]'],
        [{ and: [{ id: 1 }, condition] }, 'q[0].and[1]'],
        [{ not: condition }, 'q[0].not'],
      ] as const) {
        expect(() => plan([wrapped], options)).toThrow(fault(-32602, path, 'misplaced_condition'))
      }
    },
  )
})

describe('the number of conditions', () => {
  const many = (count: number): unknown[] => Array.from({ length: count }, (_, id) => ({ id }))
  const tooMany = (path: string): unknown => fault(110, path, 'too_many_conditions')

  test('is at most 32', () => {
    expect(plan(many(32)).conditionCount).toBe(32)
    expect(() => plan(many(33))).toThrow(tooMany('q[32]'))
    expect(() => plan([...many(32), { limit: 1 }])).toThrow(tooMany('q[32]'))
  })

  test('includes the nested ones', () => {
    expect(plan([{ or: many(31) }]).conditionCount).toBe(1)
    expect(() => plan([{ or: many(32) }])).toThrow(tooMany('q[0].or[31]'))
    expect(() => plan([...many(31), { not: { id: 1 } }])).toThrow(tooMany('q[31].not'))
  })
})

describe('the names of a plan', () => {
  test('are those named by equality, at whatever depth', () => {
    const { names } = plan([
      { js_worker_name: 'a' },
      { or: [{ js_worker_name: 'b' }, { not: { js_worker_name: 'c' } }] },
      { js_worker_name_in: ['d', 'e'] },
      { js_worker_name_like: 'f' },
    ])
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('leave out patterns and other fields', () => {
    expect(plan([{ js_worker_name_like: 'a*' }, { run_type: 'b' }]).names).toEqual([])
    expect(plan([{ full_name: 'a' }, { sender: 'b' }], { resource: eventLog }).names).toEqual(['a'])
  })
})

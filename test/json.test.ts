import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkJson, isExactNumber, JsonText, joinPath, parseJson, stringifyJson } from '../src/json.ts'
import { findMembers, mayHoldLongNumber, valueBegin, valueEnd } from '../src/json-scan.ts'

/** The number that a JSON number's text stands for, as an exact fraction: digits × 10^exponent. */
function exactly(text: string): [bigint, number] {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  let digits = BigInt(whole + fraction)
  let exponent = Number(power) - fraction.length
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n
    exponent++
  }
  return digits === 0n ? [0n, 0] : [digits, exponent]
}

const digits = fc.stringMatching(/^(0|[1-9]\d{0,25})$/)
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.option(fc.stringMatching(/^\d{1,25}$/)),
    fc.option(fc.integer({ min: -400, max: 400 })),
  )
  .map(([sign, whole, fraction, exponent]) => {
    const tail = exponent === null ? '' : `e${exponent}`
    return `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${tail}`
  })

describe('parseJson', () => {
  it('keeps every number exactly, whatever a double makes of it', () => {
    fc.assert(
      fc.property(numberText, text => {
        const written = stringifyJson(parseJson(`{"a":[${text}]}`)).slice('{"a":['.length, -2)
        expect(exactly(written)).toEqual(exactly(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('gives a plain number wherever a double holds it', () => {
    expect(parseJson('[1.50, 1e3, 9007199254740992, 0.1, -0]')).toEqual([
      1.5, 1000, 9007199254740992, 0.1, -0,
    ])
    expect(isExactNumber(parseJson('9007199254740993'))).toBe(true)
    expect(isExactNumber(parseJson('1e309'))).toBe(true)
  })

  it('leaves strings alone that look like numbers', () => {
    const text = '{"9007199254740993":"x: 9007199254740993, 1e999"}'
    expect(stringifyJson(parseJson(text))).toBe(text)
  })
})

describe('stringifyJson', () => {
  it('splices text that Postgres rendered, and answers null for what has no JSON', () => {
    expect(stringifyJson(new JsonText('{"a": 1}'))).toBe('{"a": 1}')
    expect(stringifyJson(undefined)).toBe('null')
  })
})

describe('checkJson', () => {
  const check = (text: string, depth = 64) => checkJson(parseJson(text), text, depth)

  it.each([
    ['{"a":[1,{"b":"x\\u0000"}]}', 'a[1].b', 'nul_character'],
    ['{"a":{"k\\u0000":1}}', 'a', 'nul_character'],
    ['{"a":"\\ud800"}', 'a', 'lone_surrogate'],
    ['{"a":[1e1001]}', 'a[0]', 'number_too_long'],
    ['{"a":[1,-1e-1001]}', 'a[1]', 'number_too_long'],
  ])('refuses %s at %s', (text, path, reason) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code: -32602, data: { reason, path } }))
  })

  it('takes pairs of surrogates, and backslashes that only look like an escape', () => {
    expect(() => check('{"a":"\\ud83d\\ude00 \\\\u0000"}')).not.toThrow()
  })

  it('refuses nesting beyond the depth', () => {
    expect(() => check('[[[]]]', 3)).not.toThrow()
    expect(() => check('[[[1,[]]]]', 3)).toThrow(
      expect.objectContaining({
        code: 110,
        data: { reason: 'too_deep', path: '[0][0][1]', retryable: false },
      }),
    )
  })

  it('refuses a body whose numbers would grow beyond measure, not one of many long numbers', () => {
    const many = (text: string, count: number) => `[${Array.from({ length: count }, () => text).join()}]`
    expect(() => check(many('1e300', 3000))).not.toThrow()
    const tooMany = expect.objectContaining({
      code: -32602,
      data: expect.objectContaining({ reason: 'numbers_too_long' }),
    })
    expect(() => check(many('1e300', 4000))).toThrow(tooMany)
    expect(() => check(many('1e-300', 4000))).toThrow(tooMany)
    expect(() => check(many('1e900', 4000))).toThrow(tooMany)
    expect(() => check(many('12345678901234567890123', 40_000))).not.toThrow()
  })
})

describe('joinPath', () => {
  it('writes members with dots and places with brackets', () => {
    expect(joinPath(['query', 'condition', 2, 'limit'])).toBe('query.condition[2].limit')
    expect(joinPath([0, 'a'])).toBe('[0].a')
    expect(joinPath([])).toBe('')
  })
})

describe('the scan of a text', () => {
  it.each([
    ['[1, -2.5, 1e5, 123456789012345, 0.00000000000001]', false],
    ['{"a":"9007199254740993 1e400","9007199254740993":"\\"1e400"}', false],
    ['[1e-99, 1E+9, -1.5e10]', false],
    ['[1234567890123456]', true],
    ['[0.1234567890123456]', true],
    ['{"a":["\\\\",1e100]}', true],
    ['["\\\\\\"", -1E-400]', true],
    ['1e999', true],
  ])('says whether a double may not hold a number of %s', (text, expected) => {
    JSON.parse(text)
    expect(mayHoldLongNumber(text)).toBe(expected)
  })

  it('finds members as JSON.parse does, and reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.integer({ min: 0, max: 3 }), (json, space) => {
        const text = JSON.stringify({ long: 0, value: JSON.parse(json) }, null, space).replace(
          '0',
          '9007199254740993',
        )
        const value = parseJson(text) as { value: unknown }
        expect(value.value).toEqual((JSON.parse(text) as { value: unknown }).value)
        expect(stringifyJson(value)).toBe(
          JSON.stringify(JSON.parse(text)).replace('9007199254740992', '9007199254740993'),
        )
      }),
    )
    const text = ' {"a":1,"\\u0061" : {"b":[1,"]}"]} , "__proto__":1e400,"c":[]} '
    JSON.parse(text)
    const members = findMembers(text, valueBegin(text), () => true)
    const texts = [...members].map(([key, at]) => [key, text.slice(at, valueEnd(text, at))])
    expect(texts).toEqual([
      ['a', '{"b":[1,"]}"]}'],
      ['__proto__', '1e400'],
      ['c', '[]'],
    ])
    expect(stringifyJson(parseJson(text))).toBe('{"a":{"b":[1,"]}"]},"__proto__":1e400,"c":[]}')
  })
})

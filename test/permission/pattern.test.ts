import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { intersect, isWithin, type NameSet, nameSetOf, unite } from '../../src/permission/name-set.ts'
import { compilePattern } from '../../src/permission/pattern.ts'

/** What a pattern means, without any library. */
function reference(pattern: string, name: string): boolean {
  if (!pattern.endsWith('*')) return name === pattern
  const prefix = pattern.slice(0, -1)
  for (let i = 0; i < prefix.length; i++) {
    if (name[i] !== prefix[i]) return false
  }
  return true
}

// Few characters, so that names and patterns meet; every one that micromatch or SQL could take for syntax is there.
const letters = [...'ab_-.\\/?[]{}()!+@|^$,"\'`~#&%=<>:; é中\u2028\u2029\u{1f600}\u{10ffff}']
const text = fc.string({ unit: fc.constantFrom(...letters), maxLength: 8 })
const patternText = fc
  .tuple(text, fc.boolean())
  .map(([literal, isPrefix]) => (isPrefix ? `${literal}*` : literal))
  .filter(pattern => pattern !== '')
const nameFor = (pattern: string) =>
  fc.oneof(
    text,
    text.map(rest => pattern.replace(/\*$/, '') + rest),
    fc.constant(pattern.slice(0, -1)),
  )

describe('a pattern', () => {
  test('matches as the reference prefix test does', () => {
    const pairs = patternText.chain(pattern => fc.tuple(fc.constant(pattern), nameFor(pattern)))
    fc.assert(
      fc.property(pairs, ([pattern, name]) => {
        expect(compilePattern(pattern).matches(name)).toBe(reference(pattern, name))
      }),
      { numRuns: 20_000 },
    )
  })

  test.each([
    ['demo_*', 'demo_', true],
    ['demo_*', 'demo_worker', true],
    ['demo_*', 'Demo_worker', false],
    ['demo_*', 'demo', false],
    ['demo', 'demo', true],
    ['demo', 'demo_', false],
    ['*', 'anything/at all', true],
    ['*', '.hidden', true],
    ['a/*', 'a/b/c', true],
    ['a/*', 'a/../b', true],
    ['a*', 'a\u2028b', true],
    ['a*', 'a/.', true],
  ])('%j and the name %j: %j', (pattern, name, expected) => {
    expect(compilePattern(pattern).matches(name)).toBe(expected)
  })

  test.each([
    '!demo_*',
    '{a,b}*',
    '[a]*',
    '?*',
    '@(a)*',
    '(a)*',
    '(a+)+$',
    '+(a)*',
    '[[:alpha:]]*',
    '\\a*',
    './a*',
    '#a*',
    '%5f*',
  ])('takes %j as literal text', pattern => {
    const compiled = compilePattern(pattern)
    const literal = pattern.replace(/\*$/, '')
    expect(compiled.matches(literal)).toBe(true)
    expect(['a', 'b', 'demo_', 'x', '_a', 'aaaa', '5f_'].filter(name => compiled.matches(name))).toEqual([])
  })

  test.each([
    ['an empty text', ''],
    ['a star inside', 'a*b'],
    ['a star in front', '*a'],
    ['two stars', 'a**'],
    ['many stars', '*a*a*a*a*a*a*a*a*a*b'],
    ['a NUL', 'a\0'],
    ['a line feed', 'a\n*'],
    ['DEL', 'a\u007f'],
    ['a C1 control character', 'a\u0085'],
    ['a lone surrogate', 'a\ud800'],
    ['129 characters', 'a'.repeat(129)],
    ['128 characters and a star', `${'a'.repeat(128)}*`],
    ['129 characters of two code units', '\u{1f600}'.repeat(129)],
  ])('is refused with %s', (_what, pattern) => {
    expect(() => compilePattern(pattern, 'here')).toThrow(
      expect.objectContaining({ code: -32602, data: { reason: 'bad_pattern', path: 'here' } }),
    )
  })

  test('may have 128 characters, counted as code points', () => {
    expect(compilePattern('\u{1f600}'.repeat(128)).matches('\u{1f600}'.repeat(128))).toBe(true)
    expect(compilePattern(`${'a'.repeat(127)}*`).matches('a'.repeat(128))).toBe(true)
  })
})

describe('two patterns', () => {
  test('intersect in what both match, which each of them covers, and unite in what either matches', () => {
    const three = fc
      .tuple(patternText, patternText)
      .chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), fc.oneof(nameFor(a), nameFor(b))))
    fc.assert(
      fc.property(three, ([a, b, name]) => {
        const [left, right] = [a, b].map(text => nameSetOf([compilePattern(text)])) as [NameSet, NameSet]
        const both = intersect(left, right)
        const only = nameSetOf([{ literal: name, isPrefix: false }])
        expect(isWithin(only, both)).toBe(reference(a, name) && reference(b, name))
        expect(isWithin(both, left)).toBe(true)
        expect(isWithin(only, unite([left, right]))).toBe(reference(a, name) || reference(b, name))
      }),
      { numRuns: 5000 },
    )
  })
})

import { expect, test } from 'vitest'
import { nameFault, patternSchema, unseenFault } from '../../src/permission/name.ts'
import { compilePattern } from '../../src/permission/pattern.ts'

test.each([
  ['a bidirectional override', 'a\u202eb'],
  ['an isolate', 'a\u2066b\u2069'],
  ['a mark', 'a\u200f'],
  ['an Arabic letter mark', 'a\u061cb'],
  ['a zero-width space', 'a\u200bb'],
  ['a byte order mark', '\ufeffa'],
  ['a word joiner', 'a\u2060b'],
  ['a soft hyphen', 'a\u00adb'],
  ['a filler', 'a\u3164b'],
  ['a tag', 'a\u{e0041}'],
  ['a joiner between Latin letters', 'a\u200db'],
  ['a non-joiner between Latin letters', 'a\u200cb'],
  ['a non-joiner behind the last letter', 'می\u200c'],
  ['a joiner between Arabic letters', 'م\u200dی'],
  ['a selector behind a letter', 'a\ufe0f'],
  ['a blank in front', ' a'],
  ['a blank behind', 'a '],
  ['a no-break space behind', 'a\u00a0'],
  ['an ideographic space in front', '\u3000a'],
  ['a line separator behind', 'a\u2028'],
])('%s is refused in a new name and a new pattern', (_what, text) => {
  expect(unseenFault(text)).toEqual(expect.any(String))
  expect(nameFault(text)).toEqual(expect.any(String))
  expect(patternSchema.safeParse(text).success).toBe(false)
  // What was made before still means what it meant.
  expect(compilePattern(text).matches(text)).toBe(true)
})

test.each([
  ['Persian', 'می\u200cخواهم'],
  ['Hindi', 'क्\u200dष'],
  ['Kannada', 'ರ್\u200cಕ'],
  ['Sinhala', 'ශ්\u200dරී'],
  ['a coloured emoji', '❤\ufe0f jobs'],
  ['blanks inside', 'my job 1'],
  ['accents, composed or not', 'e\u0301é'],
  ['Chinese', '秘密'],
  ['Hebrew', 'שלום'],
])('%s can be named', (_what, text) => {
  expect(nameFault(text)).toBeUndefined()
  expect(patternSchema.safeParse(`${text}*`).success).toBe(true)
})

test('a pattern may end in a blank before its star, not begin with one', () => {
  expect(patternSchema.safeParse('my job *').success).toBe(true)
  expect(patternSchema.safeParse(' *').success).toBe(false)
})

test('NFC and NFD are two names', () => {
  expect(compilePattern('é').matches('e\u0301')).toBe(false)
})

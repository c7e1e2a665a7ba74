import { expect, test } from 'vitest'
import { nameFault, nameSchema } from '../../src/permission/name.ts'

test.each(['a', 'demo_worker', '...', '.a', 'a b', 'a/b:c|d', '中文', '\u{1f600}'.repeat(128)])(
  '%j can be a new name',
  name => {
    expect(nameFault(name)).toBeUndefined()
    expect(nameSchema.safeParse(name).success).toBe(true)
  },
)

test.each(['', '.', '..', '*', 'a*', 'a*b', 'a\0', 'a\tb', 'a\u009f', '\udc00', 'a'.repeat(129)])(
  '%j cannot be a new name',
  name => {
    expect(nameFault(name)).toEqual(expect.any(String))
    expect(nameSchema.safeParse(name).success).toBe(false)
  },
)

test('a value that is no text is no name', () => {
  expect(nameSchema.safeParse(1).success).toBe(false)
})

import { describe, expect, it } from 'vitest'
import { isShown } from './shown-answer.ts'

describe('an answer that a page shows', () => {
  it('is compared with all that was printed', () => {
    expect(isShown('text', 'one\ntwo', 'one  \ntwo\n')).toBe(true)
    expect(isShown('text', 'one', 'one\ntwo')).toBe(false)
    expect(isShown('text', 'a.b', 'axb')).toBe(false)
  })

  it('may leave out a part of a line, or lines', () => {
    expect(isShown('text', 'took … ms', 'took 12 ms')).toBe(true)
    expect(isShown('text', 'took … ms', 'took 12\n13 ms')).toBe(false)
    expect(isShown('text', 'one\n…\nfour', 'one\ntwo\nthree\nfour')).toBe(true)
    expect(isShown('text', 'one\n…\nfour', 'one\ntwo\nthree\nfive')).toBe(false)
  })

  it('may lay out JSON in its own way, but not its texts', () => {
    expect(isShown('json', '{\n  "a": [1, "b c"]\n}', '{"a":[1,"b c"]}')).toBe(true)
    expect(isShown('json', '{"a": "b c"}', '{"a":"bc"}')).toBe(false)
    expect(isShown('json', '{"id": …, "a": 1}', '{"id":17,"a":1}')).toBe(true)
    expect(isShown('json', '{"id": …, "a": 1}', '{"id":17,"a":2}')).toBe(false)
  })
})

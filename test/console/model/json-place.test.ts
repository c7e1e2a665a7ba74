import { describe, expect, it } from 'vitest'
import { lineAndColumn, placeOfPath } from '../../../src/console/model/json-place.ts'

const text = `[
  "last",
  {"or": [{"id": 1}, {"limit": "ten"}]},
  {"a b": {"c": null}}
]`

function at(path: string): string {
  const { begin, end } = placeOfPath(text, path)
  return text.slice(begin, end)
}

describe('the place of a path in a JSON text', () => {
  it('is the value that it leads to', () => {
    expect(at('[0]')).toBe('"last"')
    expect(at('[1].or[1].limit')).toBe('"ten"')
    expect(at('[2].a b.c')).toBe('null')
  })

  it('is as near as the path leads', () => {
    expect(at('[1].or[7].limit')).toBe('[{"id": 1}, {"limit": "ten"}]')
    expect(at('[0].deeper')).toBe('"last"')
    expect(at('')).toBe(text)
  })

  it('is told by line and column, from 1', () => {
    expect(lineAndColumn(text, placeOfPath(text, '[1]').begin)).toEqual({ line: 3, column: 3 })
    expect(lineAndColumn(text, 0)).toEqual({ line: 1, column: 1 })
  })
})

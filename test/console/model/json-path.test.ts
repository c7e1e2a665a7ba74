import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePath, readPathTest, writePathTest } from '../../../src/console/model/json-path.ts'
import { pathText } from '../../../src/console/model/json-tree.ts'
import { readSpan, writeSpan } from '../../../src/console/model/time-span.ts'

describe('a path into a JSON value', () => {
  it('is read as it is written, whatever its names are', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('a b', '"', '\\', '[0]', '.', '漢字', '$id'))
    fc.assert(
      fc.property(fc.array(fc.oneof(name, fc.nat()), { minLength: 1, maxLength: 5 }), path => {
        expect(parsePath(pathText(path))).toEqual(path)
      }),
    )
  })

  it('is none where it cannot be read', () => {
    expect(['', ' ', 'a..b', 'a[', 'a[x]', 'a["b]'].map(parsePath)).toEqual(new Array(6).fill(undefined))
  })

  it('is tested in exactly one way', () => {
    const test = { path: ['user', 0], operator: 'gte', value: 3 } as const
    expect(readPathTest(writePathTest(test))).toEqual(test)
    for (const other of [
      null,
      1,
      {},
      { path: [] },
      { path: 'a', eq: 1 },
      { path: ['a'], eq: 1, in: [] },
      { path: ['a'], is: 1 },
    ])
      expect(readPathTest(other)).toBeUndefined()
  })
})

describe('a span of time', () => {
  it('is a number and a unit', () => {
    expect(readSpan('24h')).toEqual({ count: 24, unit: 'h' })
    expect(readSpan('500ms')).toEqual({ count: 500, unit: 'ms' })
    expect(writeSpan({ count: 7, unit: 'd' })).toBe('7d')
    expect(['', 'h', '1y', '-1h', '1.5h', 24].map(readSpan)).toEqual(new Array(6).fill(undefined))
  })
})

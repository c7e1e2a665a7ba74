import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hrefOf, readPlace, recordsHref } from '../../../src/console/model/place.ts'

test('a place comes back from its address as it was', () => {
  const part = fc.string({ minLength: 1, unit: 'grapheme' })
  const place = fc.record({
    path: fc.array(part, { maxLength: 3 }),
    params: fc.dictionary(
      part.filter(name => name !== '__proto__'),
      fc.string({ unit: 'grapheme' }),
      { noNullPrototype: true },
    ),
  })
  fc.assert(
    fc.property(place, each => {
      expect(readPlace(hrefOf(each))).toEqual(each)
    }),
  )
})

test('an address that somebody cut or made up is a place as well', () => {
  expect(readPlace('')).toEqual({ path: [], params: {} })
  expect(readPlace('#/records/%E4%B')).toEqual({ path: ['records', '%E4%B'], params: {} })
  expect(readPlace('#records//x?condition=[')).toEqual({ path: ['records', 'x'], params: { condition: '[' } })
})

test('a link to records is relative and holds their conditions', () => {
  const href = recordsHref('js-result', ['is_failure', { js_worker_name: '演示 & ?#' }])
  expect(href.startsWith('#/records/js-result?')).toBe(true)
  expect(JSON.parse(readPlace(href).params.condition ?? '')).toEqual([
    'is_failure',
    { js_worker_name: '演示 & ?#' },
  ])
  expect(recordsHref('event-log')).toBe('#/records/event-log')
})

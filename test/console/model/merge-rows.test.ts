import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeRows, withNewestPage } from '../../../src/console/model/merge-rows.ts'

const order = { key: 'id', newestBy: 'time' }
const row = (id: number, time: number | null, note = '') => ({ id, time, note })

test('new records stand where their time puts them, changed ones stay where they are', () => {
  const rows = [row(3, 30), row(2, 20), row(1, null)]
  expect(mergeRows(rows, [row(4, 25), row(2, 20, 'changed'), row(5, 40)], order, true)).toEqual([
    row(5, 40),
    row(3, 30),
    row(4, 25),
    row(2, 20, 'changed'),
    row(1, null),
  ])
})

test('of a record that changed twice the later one counts', () => {
  expect(mergeRows([row(1, 1)], [row(1, 1, 'a'), row(1, 1, 'b')], order, true)).toEqual([row(1, 1, 'b')])
})

test('what is older than the last row of a list that goes on is left to a later page', () => {
  expect(mergeRows([row(9, 90)], [row(1, 10)], order, false)).toEqual([row(9, 90)])
  expect(mergeRows([row(9, 90)], [row(1, 10)], order, true)).toEqual([row(9, 90), row(1, 10)])
  expect(mergeRows([], [row(1, 10)], order, false)).toEqual([row(1, 10)])
})

test('the list stays in the order of the server, without repetitions', () => {
  const rows = fc.uniqueArray(
    fc.record({ id: fc.nat(50), time: fc.option(fc.nat(10)), note: fc.constant('') }),
    { selector: each => each.id, maxLength: 30 },
  )
  const compare = (a: { id: number; time: number | null }, b: { id: number; time: number | null }) =>
    (b.time ?? -1) - (a.time ?? -1) || b.id - a.id
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const ids = new Set(before.map(each => each.id))
      const added = after.filter(each => !ids.has(each.id))
      const merged = mergeRows(before.toSorted(compare), added, order, true)
      expect(merged).toEqual([...before, ...added].toSorted(compare))
    }),
  )
})

test('a newest page that is read again takes away what is no longer in it, and nothing else', () => {
  const rows = [row(9, 90), row(8, 80), row(7, 70), row(6, 60), row(5, 50)]
  const page = [row(8, 80, 'changed'), row(6, 60)]
  expect(withNewestPage(rows, page, order, false)).toEqual([row(9, 90), ...page, row(5, 50)])
  expect(withNewestPage(rows, page, order, true)).toEqual([row(9, 90), ...page])
  expect(withNewestPage(rows, [], order, true)).toEqual([])
})

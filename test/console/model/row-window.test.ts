import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  longestScroll,
  type RowSpace,
  scrolledTo,
  scrollHeight,
  scrollToRow,
  windowOf,
} from '../../../src/console/model/row-window.ts'

const start = { place: 0, offset: 0 }
const space = (count: number): RowSpace => ({ count, rowHeight: 28, height: 600 })

/** The rows of a window that lie wholly within the box. */
function shown(of: RowSpace, scroll: { place: number; offset: number }): [number, number] {
  const { first, end, top } = windowOf(of, scroll)
  const rows = Array.from({ length: end - first }, (_, i) => first + i).filter(row => {
    const y = top + (row - first) * of.rowHeight - scroll.place
    return y >= -1 && y + of.rowHeight <= of.height + 1
  })
  return [rows[0] ?? -1, rows.at(-1) ?? -1]
}

describe('a window of rows', () => {
  it('shows every row that is asked for, however many there are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000_000 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (count, seeds) => {
          const of = space(count)
          let scroll = start
          for (const seed of seeds) {
            const row = seed % count
            scroll = scrollToRow(of, scroll, row)
            const [first, last] = shown(of, scroll)
            expect(first).toBeLessThanOrEqual(row)
            expect(last).toBeGreaterThanOrEqual(row)
          }
        },
      ),
    )
  })

  it('draws a bounded number of rows', () => {
    for (const count of [0, 5, 100_000, 5_000_000]) {
      const { first, end } = windowOf(space(count), scrollToRow(space(count), start, count - 1))
      expect(end - first).toBeLessThan(60)
      expect(end).toBe(count)
    }
  })

  it('never scrolls further than browsers do, and the bar reaches the first and the last row', () => {
    const of = space(5_000_000)
    expect(scrollHeight(of)).toBe(longestScroll)
    const end = scrolledTo(of, start, longestScroll - of.height)
    expect(shown(of, end)[1]).toBe(4_999_999)
    expect(shown(of, scrolledTo(of, end, 0))[0]).toBe(0)
    const middle = scrolledTo(of, end, (longestScroll - of.height) / 2)
    expect(Math.abs(shown(of, middle)[0] - 2_500_000)).toBeLessThan(30)
  })

  it('moves by as many pixels as the wheel does, even where the bar moves further', () => {
    const of = space(5_000_000)
    const middle = scrolledTo(of, start, longestScroll / 2)
    const next = scrolledTo(of, middle, middle.place + 100)
    expect(next.offset - middle.offset).toBe(100)
  })
})

/** Rows of one height in a box that scrolls. Lengths are CSS pixels. */
export interface RowSpace {
  readonly count: number
  readonly rowHeight: number
  /** Of the box. */
  readonly height: number
}

/** Where a box has scrolled to. */
export interface Scroll {
  /** What the browser has as its `scrollTop`. */
  readonly place: number
  /** The same among all rows, which may be longer than what a browser scrolls. */
  readonly offset: number
}

/** The rows to draw, and where. */
export interface RowWindow {
  readonly first: number
  /** Behind the last one. */
  readonly end: number
  /** Of the first one, in what the browser scrolls. */
  readonly top: number
}

/** Firefox scrolls 17.8 million pixels, Chromium 33.5. */
export const longestScroll = 8_000_000

/** The height of what the browser scrolls. */
export function scrollHeight({ count, rowHeight }: RowSpace): number {
  return Math.min(count * rowHeight, longestScroll)
}

/** Rows beside the visible ones that are drawn too. */
const spare = 8

export function windowOf(space: RowSpace, { place, offset }: Scroll): RowWindow {
  const { count, rowHeight, height } = space
  const first = Math.max(0, Math.min(Math.floor(offset / rowHeight), count) - spare)
  const end = Math.min(count, Math.ceil((offset + height) / rowHeight) + spare)
  return { first, end: Math.max(first, end), top: place - offset + first * rowHeight }
}

/**
 * After the browser has scrolled to `place`. Where all rows fit, places are offsets. Beyond, small steps (a wheel, a key)
 * move as many pixels of rows, and long ones (the bar) the same share of all.
 */
export function scrolledTo(space: RowSpace, before: Scroll, place: number): Scroll {
  const { place: lastPlace, offset: lastOffset } = ends(space)
  if (lastPlace === lastOffset) return { place, offset: place }
  if (place <= 0) return { place, offset: 0 }
  if (place >= lastPlace - 1) return { place, offset: lastOffset }
  const step = place - before.place
  const isSmall = Math.abs(step) <= space.height
  const offset = isSmall ? before.offset + step : (place / lastPlace) * lastOffset
  return { place, offset: Math.max(0, Math.min(offset, lastOffset)) }
}

/** The least scrolling that shows a row whole; `before` where it is shown already. */
export function scrollToRow(space: RowSpace, before: Scroll, row: number): Scroll {
  const { rowHeight, height } = space
  const top = row * rowHeight
  if (top < before.offset) return scrollToOffset(space, top)
  if (top + rowHeight > before.offset + height) return scrollToOffset(space, top + rowHeight - height)
  return before
}

/** Where the browser has to scroll to so that this offset is at the top of the box. */
export function scrollToOffset(space: RowSpace, wanted: number): Scroll {
  const { place: lastPlace, offset: lastOffset } = ends(space)
  const offset = Math.max(0, Math.min(wanted, lastOffset))
  if (lastPlace === lastOffset) return { place: offset, offset }
  return { place: Math.round((offset / lastOffset) * lastPlace), offset }
}

/** As far as it scrolls. */
function ends(space: RowSpace): Scroll {
  const { count, rowHeight, height } = space
  return {
    place: Math.max(0, scrollHeight(space) - height),
    offset: Math.max(0, count * rowHeight - height),
  }
}

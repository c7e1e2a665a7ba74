import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import {
  type RowSpace,
  type RowWindow,
  type Scroll,
  scrolledTo,
  scrollHeight,
  scrollToOffset,
  scrollToRow,
  windowOf,
} from '../model/row-window.ts'

/** A box that scrolls over rows of one height and has only those in the page that are seen. */
export interface RowBox {
  readonly ref: { current: HTMLDivElement | null }
  readonly window: RowWindow
  /** Of all rows, in pixels. */
  readonly height: number
  readonly rowHeight: number
  /** Rows that fit into the box. */
  readonly fits: number
  onScroll(): void
  /** Scrolls as little as shows the row. */
  show(row: number): void
  /** The first row that is seen; 0 only at the very top. */
  firstSeen(): number
  /** Keeps what is seen in its place after so many rows have come above it. */
  shift(rows: number): void
}

export interface RowBoxOptions {
  readonly count: number
  /** Of a row, in rem: they grow with the font. */
  readonly rowRem: number
  /** What covers the top of the box, in rem. */
  readonly headRem?: number
}

export function useRowWindow({ count, rowRem, headRem = 0 }: RowBoxOptions): RowBox {
  const ref = useRef<HTMLDivElement>(null)
  const [{ height, rem }, setSize] = useState({ height: 0, rem: 16 })
  const [scroll, setScroll] = useState<Scroll>({ place: 0, offset: 0 })
  const rowHeight = rowRem * rem
  const space: RowSpace = { count, rowHeight, height }
  // What happens between two drawings counts from the last of them.
  const now = useRef({ space, scroll })
  now.current.space = space

  useLayoutEffect(() => {
    const box = ref.current
    if (box === null) return
    const measure = (): void => {
      const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
      setSize({ height: Math.max(0, box.clientHeight - headRem * size), rem: size })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    return () => observer.disconnect()
  }, [headRem])

  const moves = useMemo(() => {
    function move(next: Scroll): void {
      now.current.scroll = next
      setScroll(next)
    }
    function go(next: Scroll): void {
      if (next === now.current.scroll) return
      move(next)
      if (ref.current !== null) ref.current.scrollTop = next.place
    }
    return {
      onScroll(): void {
        const place = ref.current?.scrollTop ?? 0
        const { space, scroll } = now.current
        if (place !== scroll.place) move(scrolledTo(space, scroll, place))
      },
      show: (row: number) => go(scrollToRow(now.current.space, now.current.scroll, row)),
      firstSeen: () => Math.ceil(now.current.scroll.offset / now.current.space.rowHeight),
      shift(rows: number): void {
        const { space, scroll } = now.current
        go(scrollToOffset(space, scroll.offset + rows * space.rowHeight))
      },
    }
  }, [])

  return {
    ref,
    window: windowOf(space, scroll),
    height: scrollHeight(space),
    rowHeight,
    fits: Math.max(1, Math.floor(height / rowHeight)),
    ...moves,
  }
}

import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { splitLimit } from '../model/filter.ts'
import { mergeRows, type RowOrder, withNewestPage } from '../model/merge-rows.ts'
import type { RecordRow } from '../model/record-row.ts'
import { readPage } from './api.ts'

const pageRows = 200

export interface RecordsInput extends RowOrder {
  readonly resource: string
  readonly condition: readonly unknown[]
  readonly order: 'newest' | 'oldest'
  readonly fields: readonly string[]
  /** Changes to read everything again. */
  readonly version: number
}

export interface Records {
  readonly rows: ReadonlySignal<readonly RecordRow[]>
  readonly isLoading: ReadonlySignal<boolean>
  readonly error: ReadonlySignal<unknown>
  /** Whether the last row is the last that there is. */
  readonly isWhole: ReadonlySignal<boolean>
  /** Reads the next page, unless there is none, one is awaited, or the last one failed. */
  readonly readMore: () => void
  /** Tries the page that failed once more. */
  readonly retry: () => void
  /** Reads the newest page again: what no longer fulfils the conditions leaves the list. */
  readonly refresh: () => void
  /** Takes in records that were added or have changed. */
  readonly take: (changed: readonly RecordRow[]) => void
}

/** The records of a filter, page by page as they are needed, and kept. */
export function useRecords(input: RecordsInput): Records {
  const rows = useSignal<readonly RecordRow[]>([])
  const isLoading = useSignal(true)
  const error = useSignal<unknown>(undefined)
  const isWhole = useSignal(false)
  const own = useRef<Reader | undefined>(undefined)
  const key = JSON.stringify(input)
  // The key is the whole of the input.
  useEffect(() => {
    const reader = createReader(input, { rows, isLoading, error, isWhole })
    own.current = reader
    reader.readMore()
    return reader.close
  }, [key])
  const stable = useRef<Records>({
    rows,
    isLoading,
    error,
    isWhole,
    readMore: () => own.current?.readMore(),
    retry: () => own.current?.retry(),
    refresh: () => own.current?.refresh(),
    take: changed => own.current?.take(changed),
  })
  return stable.current
}

type Reader = ReturnType<typeof createReader>

interface State {
  readonly rows: Signal<readonly RecordRow[]>
  readonly isLoading: Signal<boolean>
  readonly error: Signal<unknown>
  readonly isWhole: Signal<boolean>
}

function createReader(input: RecordsInput, { rows, isLoading, error, isWhole }: State) {
  const { resource, condition, order, fields } = input
  const { filter, most = Number.POSITIVE_INFINITY } = splitLimit(condition)
  const leaving = new AbortController()
  let next: string | undefined
  let isFirst = true
  let isBusy = false
  error.value = undefined

  async function read(): Promise<void> {
    const left = most - (isFirst ? 0 : rows.peek().length)
    const size = Math.max(1, Math.min(pageRows, left))
    const asked = { condition: [...filter, { limit: size }], after: next, order, fields }
    const page = await readPage(resource, asked, leaving.signal)
    if (leaving.signal.aborted) return
    // Until then the rows before are seen, and not an empty table.
    const before = isFirst ? [] : rows.peek()
    isFirst = false
    next = page.next ?? undefined
    const known = new Set(before.map(row => row[input.key]))
    const all = [...before, ...page.rows.filter(row => !known.has(row[input.key]))]
    rows.value = all.slice(0, most)
    isWhole.value = next === undefined || all.length >= most
  }

  async function readMore(): Promise<void> {
    // The table asks again and again: what failed once would fail without a pause.
    if (isBusy || error.peek() !== undefined || (isWhole.peek() && !isFirst)) return
    isBusy = true
    isLoading.value = true
    try {
      await read()
    } catch (fault) {
      if (leaving.signal.aborted) return
      error.value = fault
      // What is seen were the records of another filter.
      if (isFirst) rows.value = []
    }
    isBusy = false
    if (!leaving.signal.aborted) isLoading.value = false
  }

  return {
    readMore: () => void readMore(),
    retry(): void {
      error.value = undefined
      void readMore()
    },
    refresh(): void {
      if (isFirst || order !== 'newest' || most !== Number.POSITIVE_INFINITY) return
      readPage(resource, { condition: [...filter, { limit: pageRows }], fields }, leaving.signal).then(
        page => {
          rows.value = withNewestPage(rows.peek(), page.rows, input, page.next === null)
        },
        // The list is as good as it was; the next one may come through.
        () => undefined,
      )
    },
    take(changed: readonly RecordRow[]): void {
      if (isFirst || order !== 'newest') return
      rows.value = mergeRows(rows.peek(), changed, input, isWhole.peek()).slice(0, most)
    },
    close: () => leaving.abort(),
  }
}

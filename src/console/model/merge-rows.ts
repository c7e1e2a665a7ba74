import type { RecordRow } from './record-row.ts'

export interface RowOrder {
  readonly key: string
  readonly newestBy: string
}

/**
 * The list with records that were added or have changed, newest first. A changed one stays where it is; a new
 * one stands where its time puts it. `isWhole`: the list goes to the oldest; otherwise what is older than its
 * last row is left to a later page.
 */
export function mergeRows(
  rows: readonly RecordRow[],
  changed: readonly RecordRow[],
  { key, newestBy }: RowOrder,
  isWhole: boolean,
): readonly RecordRow[] {
  const latest = new Map(changed.map(row => [row[key], row]))
  const kept = rows.map(row => {
    const now = latest.get(row[key])
    if (now === undefined) return row
    latest.delete(row[key])
    return now
  })
  const isBefore = (a: RecordRow, b: RecordRow): boolean => compare(a, b, { key, newestBy }) < 0
  const last = kept.at(-1)
  const added = [...latest.values()]
    .filter(row => isWhole || last === undefined || isBefore(row, last))
    .sort((a, b) => compare(a, b, { key, newestBy }))
  if (added.length === 0) return kept
  const merged: RecordRow[] = []
  let at = 0
  for (const row of added) {
    for (let next = kept[at]; next !== undefined && isBefore(next, row); next = kept[at]) {
      merged.push(next)
      at++
    }
    merged.push(row)
  }
  return merged.concat(kept.slice(at))
}

/**
 * The list without what no longer belongs to it, after its newest page was read again: a record that fulfilled
 * the conditions may do so no longer. What is newer than the page came after it. `isWhole`: the page is all.
 */
export function withNewestPage(
  rows: readonly RecordRow[],
  page: readonly RecordRow[],
  order: RowOrder,
  isWhole: boolean,
): readonly RecordRow[] {
  const [first, last] = [page[0], page.at(-1)]
  if (first === undefined || last === undefined) return isWhole ? [] : rows
  const newer = rows.filter(row => compare(row, first, order) < 0)
  const older = isWhole ? [] : rows.filter(row => compare(row, last, order) > 0)
  return [...newer, ...page, ...older]
}

/** Newest first; what has no time comes last, ties go by the key. */
function compare(a: RecordRow, b: RecordRow, { key, newestBy }: RowOrder): number {
  const time = (row: RecordRow): number => {
    const value = row[newestBy]
    return typeof value === 'number' ? value : Number.NEGATIVE_INFINITY
  }
  const [left, right] = [time(a), time(b)]
  return left === right ? Number(b[key]) - Number(a[key]) : right - left
}

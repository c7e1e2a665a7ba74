import type { DayStats } from '../day-stats.ts'
import { formatCount, formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { recordsHref } from '../model/place.ts'
import type { ListColumn } from './list-table.tsx'

export interface DayColumnsOptions<Row> {
  readonly stats: DayStats
  readonly resource: string
  /** The field that holds a record's name, and the one that says when it is of. */
  readonly name: string
  readonly time: string
  readonly nameOf: (row: Row) => string
}

/** What each did in the last day: how often it ran and failed, and how long it took. Numbers lead to the records behind them. */
export function dayColumns<Row>(options: DayColumnsOptions<Row>): readonly ListColumn<Row>[] {
  const { stats, resource, name, time, nameOf } = options
  const { day } = text()
  const condition = (row: Row) => [{ [name]: nameOf(row) }, { [`${time}_from`]: stats.from }]
  const count = (row: Row, counted: number | undefined, word?: string) => {
    if (stats.of === undefined) return <span class="muted">–</span>
    if (counted === undefined || counted === 0) return <span class="muted">0</span>
    const filter = word === undefined ? condition(row) : [...condition(row), word]
    return <a href={recordsHref(resource, filter)}>{formatCount(counted)}</a>
  }
  return [
    { title: day.runs, isNumber: true, show: row => count(row, stats.of?.get(nameOf(row))?.count) },
    {
      title: day.failures,
      isNumber: true,
      show(row) {
        const found = stats.of?.get(nameOf(row))
        const failed = found?.by_state.failure ?? 0
        return (
          <>
            {count(row, failed, 'is_failure')}
            {found !== undefined && failed > 0 && (
              <span class="muted"> {Math.max(1, Math.round((100 * failed) / found.count))} %</span>
            )}
          </>
        )
      },
    },
    {
      title: day.p95,
      isNumber: true,
      show(row) {
        const p95 = stats.of?.get(nameOf(row))?.p95 ?? null
        return p95 === null ? <span class="muted">–</span> : formatDuration(p95)
      },
    },
  ]
}

import { formatTime } from '../format.ts'
import { text } from '../language.ts'
import { timeOf, withTimeRange, withTimeSince } from '../model/filter.ts'

const spans = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

export interface TimeSelectProps {
  /** The time that it is about. */
  readonly field: string
  readonly condition: readonly unknown[]
  /** Whether the server knows spans that end now. */
  readonly hasSince: boolean
  readonly onChange: (condition: readonly unknown[]) => void
}

/** The time that the list is of, in one choice. */
export function TimeSelect({ field, condition, hasSince, onChange }: TimeSelectProps) {
  const { records } = text()
  const time = timeOf(condition, field)
  const range = time !== undefined && 'range' in time ? time.range : undefined
  const since = time !== undefined && 'since' in time ? time.since : undefined
  const isOther = since !== undefined && !spans.some(each => each === since)
  return (
    <select
      class="select time-select"
      aria-label={records.time(field)}
      value={range === undefined ? (since ?? '') : 'range'}
      onChange={({ currentTarget: { value } }) => {
        if (value === '') onChange(withTimeRange(condition, field, undefined))
        else if (hasSince) onChange(withTimeSince(condition, field, value))
        else onChange(withTimeRange(condition, field, [Date.now() - msOf(value), Date.now()]))
      }}
    >
      <option value="">{records.anyTime}</option>
      {spans.map(span => (
        <option key={span} value={span}>
          {records.last(span)}
        </option>
      ))}
      {isOther && <option value={since}>{records.last(since)}</option>}
      {range !== undefined && (
        <option value="range">
          {formatTime(range[0])} – {formatTime(range[1])}
        </option>
      )}
    </select>
  )
}

function msOf(span: string): number {
  return Number.parseInt(span, 10) * (unitMs[span.slice(-1)] ?? 0)
}

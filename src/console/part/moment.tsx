import { formatAgo, formatShortTime, formatTime } from '../format.ts'

export interface MomentProps {
  /** Epoch milliseconds. */
  readonly ms: number | null | undefined
  /** `ago`: as the time that has passed since. */
  readonly as?: 'short' | 'ago' | 'full'
}

/** A time; the whole of it, with its zone, is in its title. */
export function Moment({ ms, as = 'short' }: MomentProps) {
  if (ms === null || ms === undefined) return <span class="muted">–</span>
  const shown = { short: formatShortTime, ago: formatAgo, full: formatTime }[as](ms)
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatTime(ms)}>
      {shown}
    </time>
  )
}

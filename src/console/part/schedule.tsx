import { Moment } from './moment.tsx'

export interface ScheduleProps {
  /** A handler or a script. */
  readonly of: {
    readonly schedule: { readonly cron: string; readonly tz: string } | null
    /** Epoch milliseconds. */
    readonly next_fire_time: number | null
  }
}

/** When a handler or a script runs by itself, and when it does so next. */
export function Schedule({ of: { schedule, next_fire_time: next } }: ScheduleProps) {
  if (schedule === null) return <span class="muted">–</span>
  return (
    <>
      <code>{schedule.cron}</code> <span class="muted">{schedule.tz}</span>
      <span class="cell-note">
        <Moment ms={next} as="ago" />
      </span>
    </>
  )
}

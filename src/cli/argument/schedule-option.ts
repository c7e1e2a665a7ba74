import type { Command } from 'commander'
import { UsageError } from '../terminal/failure.ts'

export interface ScheduleFlags {
  /** False: --no-cron. */
  readonly cron?: string | false
  readonly tz?: string
}

/** The options of a schedule. */
export function addScheduleOptions(command: Command): Command {
  return command
    .option('--cron <expression>', 'run by the clock too: "*/5 * * * *"')
    .option('--tz <zone>', "the time zone of --cron, e.g. Europe/Berlin; else the server's")
}

/** The schedule that was given; null: it is to have none. Throws UsageError for a zone without --cron. */
export function readSchedule({ cron, tz }: ScheduleFlags): {
  schedule?: { cron: string; tz?: string } | null
} {
  if (cron === false || cron === undefined) {
    if (tz !== undefined) throw new UsageError('--tz only makes sense together with --cron')
    return cron === false ? { schedule: null } : {}
  }
  return { schedule: { cron, ...(tz !== undefined && { tz }) } }
}

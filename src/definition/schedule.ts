import { z } from 'zod'
import { cronFault, maxCronLength } from '../schedule/cron.ts'
import { timeZoneFault } from '../schedule/time-zone.ts'
import { textCheck } from '../text-check.ts'
import { type Flag, flag } from './field.ts'
import type { Storage } from './storage.ts'

/** When something runs without being asked, as clients write it; without a time zone it is the server's. */
export const scheduleSchema = z.strictObject({
  cron: z.string().superRefine(textCheck(cronFault)).meta({ minLength: 1, maxLength: maxCronLength }),
  tz: z
    .string()
    .max(64)
    .superRefine(textCheck(timeZoneFault))
    .optional()
    .describe('A name of the IANA database'),
})

export const shownScheduleSchema = z.strictObject({ cron: z.string(), tz: z.string() }).nullable()

type StoredSchedule = z.output<typeof shownScheduleSchema>

export const scheduleStorage: Storage<StoredSchedule> = {
  columns: ['schedule_cron', 'schedule_tz'],
  write: schedule => [schedule?.cron ?? null, schedule?.tz ?? null],
  read: ([cron, tz]) => (cron === null || tz === null ? null : { cron: String(cron), tz: String(tz) }),
}

/** `tz`: that of a schedule that names none. */
export function withTimeZone(
  wanted: z.output<typeof scheduleSchema> | null | undefined,
  tz: string,
): StoredSchedule {
  return wanted ? { cron: wanted.cron, tz: wanted.tz ?? tz } : null
}

export const scheduleFlags: readonly Flag[] = [
  flag('--cron <expression>', 'also run by this schedule: "*/5 * * * *"', { member: 'cron' }),
  flag('--tz <zone>', "the time zone of --cron, e.g. Europe/Berlin; default: the server's", {
    member: 'tz',
    needs: '--cron',
  }),
]

/** How a list on the command line shows it: the expression says enough. */
export const listedSchedule = {
  title: 'schedule',
  read: (schedule: StoredSchedule): unknown => schedule?.cron ?? null,
}

import { z } from 'zod'
import { defaultEventType } from '../../resource/kind/event-log.ts'
import { cronFault, maxCronLength } from '../../schedule/cron.ts'
import { timeZoneFault } from '../../schedule/time-zone.ts'
import { textCheck } from '../../text-check.ts'

/** What a handler may be made of, wherever its definition comes from; what is wrong is the message. */

/** Failures after which a run is tried again. */
export const retryLimitField = z.int().min(0).max(100)

const dayMs = 24 * 60 * 60 * 1000

export const retryDelayField = z.int().min(0).max(dayMs)

export const timeoutField = z
  .int()
  .min(100)
  .max(dayMs / 2)

/** Runs at once on all servers; null: as many as the servers take. */
export const concurrencyField = z.int().min(1).max(1000).nullable()

export const cronField = z
  .string()
  .superRefine(textCheck(cronFault))
  .meta({ minLength: 1, maxLength: maxCronLength })

/** A name of the IANA database. */
export const timeZoneField = z.string().superRefine(textCheck(timeZoneFault))

export const descriptionField = z.string().max(1000).nullable()

/** What holds for what a definition leaves out. */
export const handlerDefaults = {
  eventType: defaultEventType,
  retry: { limit: 2, delayMs: 1000, backoff: true },
  timeoutMs: 30_000,
} as const

import { z } from 'zod'
import type { Retry } from '../../event/handler/handler.ts'
import {
  concurrencyField,
  cronField,
  descriptionField,
  handlerDefaults,
  retryDelayField,
  retryLimitField,
  timeoutField,
  timeZoneField,
} from '../../event/handler/handler-fields.ts'
import type { HandlerDefinition, StoredHandler } from '../../event/handler/handler-store.ts'
import { nameSchema, patternSchema } from '../../permission/name.ts'
import { compilePattern } from '../../permission/pattern.ts'
import type { Schedule } from '../../schedule/cron.ts'
import { credentialParam } from '../method.ts'
import { shownTargetSchema, showTarget, targetSchema } from './handler-target.ts'

/** What is shown of a handler; times in epoch milliseconds. */
export const shownHandlerSchema = z
  .strictObject({
    id: z.int(),
    full_name: z.string(),
    sender: z.string(),
    event_type: z.string(),
    target: shownTargetSchema,
    retry: z.strictObject({ limit: z.int(), delay_ms: z.int(), backoff: z.boolean() }),
    timeout_ms: z.int(),
    concurrency: z.int().nullable(),
    schedule: z.strictObject({ cron: z.string(), tz: z.string() }).nullable(),
    enabled: z.boolean(),
    description: z.string().nullable(),
    next_fire_time: z.int().nullable(),
    created_time: z.int(),
    updated_time: z.int(),
  })
  .meta({ title: 'event-handler' })

export function showHandler(handler: StoredHandler): z.infer<typeof shownHandlerSchema> {
  const { retry } = handler
  return {
    id: handler.id,
    full_name: handler.fullName,
    sender: handler.sender.text,
    event_type: handler.eventType.text,
    target: showTarget(handler.target),
    retry: { limit: retry.limit, delay_ms: retry.delayMs, backoff: retry.backoff },
    timeout_ms: handler.timeoutMs,
    concurrency: handler.concurrency,
    schedule: handler.schedule,
    enabled: handler.enabled,
    description: handler.description,
    next_fire_time: handler.nextFireTime,
    created_time: handler.createdTime,
    updated_time: handler.updatedTime,
  }
}

const retryDefaults = handlerDefaults.retry

const scheduleSchema = z.strictObject({ cron: cronField, tz: timeZoneField.optional() }).nullable()

/** The parameters of a creation, in the documented order; what is left out has a default. */
export function creationSchema(allow: readonly string[]) {
  return {
    token: credentialParam,
    full_name: nameSchema,
    sender: patternSchema,
    target: targetSchema(allow),
    event_type: patternSchema.default(handlerDefaults.eventType),
    retry: z
      .strictObject({
        limit: retryLimitField.default(retryDefaults.limit),
        delay_ms: retryDelayField.default(retryDefaults.delayMs),
        backoff: z.boolean().default(retryDefaults.backoff),
      })
      .prefault({}),
    timeout_ms: timeoutField.default(handlerDefaults.timeoutMs),
    concurrency: concurrencyField.default(null),
    schedule: scheduleSchema.default(null),
    enabled: z.boolean().default(true),
    description: descriptionField.default(null),
  }
}

/** The same of a change; what is left out stays as it is. */
export function changeSchema(allow: readonly string[]) {
  return {
    token: credentialParam,
    full_name: nameSchema,
    sender: patternSchema.optional(),
    target: targetSchema(allow).optional(),
    event_type: patternSchema.optional(),
    retry: z
      .strictObject({
        limit: retryLimitField.optional(),
        delay_ms: retryDelayField.optional(),
        backoff: z.boolean().optional(),
      })
      .optional(),
    timeout_ms: timeoutField.optional(),
    concurrency: concurrencyField.optional(),
    schedule: scheduleSchema.optional(),
    enabled: z.boolean().optional(),
    description: descriptionField.optional(),
  }
}

export type Creation = z.output<z.ZodObject<ReturnType<typeof creationSchema>>>
export type Change = z.output<z.ZodObject<ReturnType<typeof changeSchema>>>

/** What a definition says about events and runs. */
export type Definition = Omit<HandlerDefinition, 'fullName' | 'target'>

/** What a creation says, its name and target apart; `timezone` is that of a schedule that names none. */
export function createdDefinition(wanted: Creation, timezone: string): Definition {
  const { limit, delay_ms: delayMs, backoff } = wanted.retry
  return {
    sender: compilePattern(wanted.sender),
    eventType: compilePattern(wanted.event_type),
    retry: { limit, delayMs, backoff },
    timeoutMs: wanted.timeout_ms,
    concurrency: wanted.concurrency,
    schedule: changeSchedule(wanted.schedule, timezone),
    enabled: wanted.enabled,
    description: wanted.description,
  }
}

/** The same of `before` after a change; a schedule that names no time zone keeps the one it had. */
export function changedDefinition(wanted: Change, before: Definition, timezone: string): Definition {
  const { sender, event_type: eventType, schedule } = wanted
  const tz = before.schedule?.tz ?? timezone
  return {
    sender: sender === undefined ? before.sender : compilePattern(sender),
    eventType: eventType === undefined ? before.eventType : compilePattern(eventType),
    retry: changeRetry(wanted.retry, before.retry),
    timeoutMs: wanted.timeout_ms ?? before.timeoutMs,
    // Null is a value of these.
    concurrency: wanted.concurrency === undefined ? before.concurrency : wanted.concurrency,
    schedule: schedule === undefined ? before.schedule : changeSchedule(schedule, tz),
    enabled: wanted.enabled ?? before.enabled,
    description: wanted.description === undefined ? before.description : wanted.description,
  }
}

function changeRetry(wanted: Change['retry'], before: Retry): Retry {
  return {
    limit: wanted?.limit ?? before.limit,
    delayMs: wanted?.delay_ms ?? before.delayMs,
    backoff: wanted?.backoff ?? before.backoff,
  }
}

function changeSchedule(wanted: Creation['schedule'], tz: string): Schedule | null {
  return wanted && { cron: wanted.cron, tz: wanted.tz ?? tz }
}

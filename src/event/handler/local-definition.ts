import { z } from 'zod'
import { joinPath } from '../../json.ts'
import { nameSchema, patternSchema } from '../../permission/name.ts'
import { compilePattern } from '../../permission/pattern.ts'
import {
  concurrencyField,
  cronField,
  descriptionField,
  handlerDefaults,
  retryDelayField,
  retryLimitField,
  timeoutField,
  timeZoneField,
} from './handler-fields.ts'
import type { HandlerDefinition } from './handler-row.ts'

/** An event that a running handler sends; it continues the chain. */
export interface LocalEvent {
  readonly sender: string
  readonly kwargs?: unknown
  readonly event_type?: string
  readonly delay_ms?: number
}

/** What a local handler knows of the run it is in. */
export interface LocalContext {
  /** The id of its event-log row. */
  readonly id: number
  /** Counted from 1. */
  readonly attempt: number
  readonly fullName: string
  readonly sender: string
  readonly eventType: string
  readonly requestId: string
  readonly nodeId: string
  /** Aborted at the deadline, and when the run is cancelled. */
  readonly signal: AbortSignal
  send(event: LocalEvent): Promise<unknown>
}

type Run = (kwargs: unknown, context: LocalContext) => unknown

/** A handler that a module of the handlers folder exports. */
export interface LocalHandler {
  readonly definition: HandlerDefinition
  /** What it returns, or resolves to, is the run's result. */
  readonly run: Run
}

const { retry } = handlerDefaults

/** What a module exports as default; strict, because a misspelt member would silently do nothing. */
const moduleSchema = z.strictObject({
  fullName: nameSchema,
  sender: patternSchema,
  eventType: patternSchema.default(handlerDefaults.eventType),
  run: z.custom<Run>(value => typeof value === 'function', 'expected a function'),
  retry: z
    .strictObject({
      limit: retryLimitField.default(retry.limit),
      delayMs: retryDelayField.default(retry.delayMs),
      backoff: z.boolean().default(retry.backoff),
    })
    .prefault({}),
  timeoutMs: timeoutField.default(handlerDefaults.timeoutMs),
  concurrency: concurrencyField.default(null),
  schedule: z.strictObject({ cron: cronField, tz: timeZoneField.optional() }).nullable().default(null),
  description: descriptionField.default(null),
})

export type ParsedModule =
  | { readonly handler: LocalHandler }
  /** Each begins with a path such as `default.fullName`. */
  | { readonly faults: readonly string[] }

/** Reads a module's default export; `timezone` is that of a schedule that names none. */
export function parseLocalModule(exported: unknown, timezone: string): ParsedModule {
  const parsed = moduleSchema.safeParse(exported)
  if (!parsed.success) return { faults: parsed.error.issues.map(describeIssue) }
  const { run, sender, eventType, schedule, ...rest } = parsed.data
  const definition: HandlerDefinition = {
    ...rest,
    sender: compilePattern(sender),
    eventType: compilePattern(eventType),
    schedule: schedule && { cron: schedule.cron, tz: schedule.tz ?? timezone },
    target: { kind: 'local' },
    enabled: true,
  }
  return { handler: { definition, run } }
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${joinPath(['default', ...path])}: ${message}`
}

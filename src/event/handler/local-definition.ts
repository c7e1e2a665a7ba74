import { z } from 'zod'
import { withTimeZone } from '../../definition/schedule.ts'
import { joinPath } from '../../json.ts'
import { nameSchema } from '../../permission/name.ts'
import { compilePattern } from '../../permission/pattern.ts'
import { type HandlerDefinition, handlerParams, retryParams } from './handler.ts'

/** An event that a running handler sends; it continues the chain. */
export interface LocalEvent {
  readonly sender: string
  readonly kwargs?: unknown
  readonly event_type?: string
  readonly delay_ms?: number
}

/** What a local handler gets to know of its run. */
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

/** A module's default export. Strict: a misspelt member would silently do nothing. */
const moduleSchema = z.strictObject({
  fullName: nameSchema,
  sender: handlerParams.sender,
  eventType: handlerParams.event_type,
  run: z.custom<Run>(value => typeof value === 'function', 'expected a function'),
  retry: z
    .strictObject({
      limit: retryParams.limit,
      delayMs: retryParams.delay_ms,
      backoff: retryParams.backoff,
    })
    .prefault({}),
  timeoutMs: handlerParams.timeout_ms,
  concurrency: handlerParams.concurrency,
  schedule: handlerParams.schedule,
  description: handlerParams.description,
})

export type ParsedModule =
  | { readonly handler: LocalHandler }
  /** Each begins with a path such as `default.fullName`. */
  | { readonly faults: readonly string[] }

/** Reads a module's default export; `timezone`: for schedules that name none. */
export function parseLocalModule(exported: unknown, timezone: string): ParsedModule {
  const parsed = moduleSchema.safeParse(exported)
  if (!parsed.success) return { faults: parsed.error.issues.map(describeIssue) }
  const { run, fullName, sender, eventType, retry, timeoutMs, schedule, ...rest } = parsed.data
  const definition: HandlerDefinition = {
    ...rest,
    full_name: fullName,
    sender: compilePattern(sender),
    event_type: compilePattern(eventType),
    retry: { limit: retry.limit, delay_ms: retry.delayMs, backoff: retry.backoff },
    timeout_ms: timeoutMs,
    schedule: withTimeZone(schedule, timezone),
    target: { kind: 'local' },
    secrets: [],
    enabled: true,
  }
  return { handler: { definition, run } }
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${joinPath(['default', ...path])}: ${message}`
}

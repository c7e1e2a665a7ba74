import { z } from 'zod'
import { defineDefinition, type StoredOf } from '../../definition/definition.ts'
import {
  createdTime,
  flag,
  given,
  hidden,
  id,
  kept,
  optionalOf,
  updatedTime,
} from '../../definition/field.ts'
import {
  listedSchedule,
  scheduleFlags,
  scheduleSchema,
  scheduleStorage,
  shownScheduleSchema,
} from '../../definition/schedule.ts'
import { json, momentOrNull, type Storage } from '../../definition/storage.ts'
import { shownWebhookPlace, webhookPlace } from '../../outbound/webhook-place.ts'
import type { Origin } from '../../permission/grant.ts'
import { nameSchema, patternSchema } from '../../permission/name.ts'
import { compilePattern, type Pattern } from '../../permission/pattern.ts'
import { defaultEventType } from '../../resource/kind/event-log.ts'

/** Where a handler's work runs, as clients write it. */
const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('js_worker'), name: nameSchema }),
  z.strictObject({ kind: z.literal('webhook'), ...webhookPlace }),
  z.strictObject({ kind: z.literal('remote') }),
  z.strictObject({ kind: z.literal('local') }),
])

export type WantedTarget = z.output<typeof targetSchema>

const shownTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('js_worker'), name: z.string() }),
  z.strictObject({ kind: z.literal('webhook'), ...shownWebhookPlace }),
  z.strictObject({ kind: z.literal('remote') }),
  z.strictObject({ kind: z.literal('local') }),
])

type ShownTarget = z.output<typeof shownTargetSchema>

/** A target as it is stored; the secrets of a webhook are kept apart. */
export type Target =
  | Extract<WantedTarget, { kind: 'js_worker' | 'remote' | 'local' }>
  | { readonly kind: 'webhook'; readonly url: string }

const targetStorage: Storage<Target> = {
  columns: ['target_kind', 'target'],
  write: ({ kind, ...rest }) => [kind, JSON.stringify(rest)],
  // Only `write` fills these columns.
  read: ([kind, rest]) => ({ kind, ...JSON.parse(String(rest)) }),
}

function placeOf(target: ShownTarget): string {
  if (target.kind === 'js_worker') return `script ${target.name}`
  return target.kind === 'webhook' ? `webhook ${target.url}` : target.kind
}

/**
 * `whsec_<base64>` of a webhook, newest first. Secrets that were sealed with another key read as none: the webhook cannot be
 * signed until it gets a new one. Throwing here would stop every other handler too.
 */
const secretsStorage: Storage<readonly string[]> = {
  write: (secrets, sealer) => [secrets.length === 0 ? null : sealer.seal(JSON.stringify(secrets))],
  read([sealed], sealer) {
    try {
      return sealed === null ? [] : JSON.parse(sealer.open(String(sealed)))
    } catch {
      return []
    }
  },
}

const pattern = {
  storage: {
    write: ({ text }: Pattern) => [text],
    read: ([text]: readonly unknown[]) => compilePattern(String(text)),
  },
  shown: z.string(),
  show: ({ text }: Pattern) => text,
}

const dayMs = 24 * 60 * 60 * 1000

/** How often a failed run is tried again. */
export const retryParams = {
  limit: z.int().min(0).max(100).default(2).describe('After how many failures it is tried again'),
  delay_ms: z.int().min(0).max(dayMs).default(1000),
  backoff: z.boolean().default(true).describe('Whether each delay is twice the one before'),
}
const shownRetry = z.strictObject({ limit: z.int(), delay_ms: z.int(), backoff: z.boolean() })
export type Retry = z.output<typeof shownRetry>

const retryStorage: Storage<Retry> = {
  columns: ['retry_limit', 'retry_delay_ms', 'retry_backoff'],
  write: ({ limit, delay_ms, backoff }) => [limit, delay_ms, backoff],
  read: ([limit, delay_ms, backoff]) => ({
    limit: Number(limit),
    delay_ms: Number(delay_ms),
    backoff: backoff === true,
  }),
}

/** What a definition may say, from a client or from a module of the handlers folder. */
export const handlerParams = {
  sender: patternSchema,
  event_type: patternSchema.default(defaultEventType),
  retry: z.strictObject(retryParams).prefault({}),
  timeout_ms: z
    .int()
    .min(100)
    .max(dayMs / 2)
    .default(30_000),
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('Runs at once on all servers; null: as many as the servers take'),
  schedule: scheduleSchema.nullable().default(null),
  description: z.string().max(1000).nullable().default(null),
}

/** An event handler: which events it takes and where the work runs. */
export const eventHandler = defineDefinition({
  noun: 'handler',
  title: 'event-handler',
  table: 'event_handler',
  key: 'full_name',
  first: ['full_name', 'sender', 'target'],
  absent: 'handler_not_found',
  answers: 'shown',
  isSpecial: true,
  permission: {
    scope: 'event',
    permission: 'event_handler',
    verbs: { create: 'write', read: 'read', update: 'write', delete: 'delete', list: 'read' },
  },
  fields: {
    id,
    full_name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    sender: given(handlerParams.sender, {
      ...pattern,
      listed: { title: 'sender' },
      flags: [flag('--sender <pattern>', 'whose events it takes: app, shop.*', { isRequired: true })],
    }),
    event_type: given(handlerParams.event_type, {
      ...pattern,
      listed: { title: 'type' },
      flags: [flag('--type <pattern>', 'the types of events that it takes; default: events.NormalType')],
    }),
    target: given(targetSchema, {
      storage: targetStorage,
      shown: shownTargetSchema,
      show: target => (target.kind === 'webhook' ? { ...target, secret: '***' } : target),
      listed: { title: 'target', read: placeOf },
    }),
    secrets: hidden(secretsStorage),
    retry: given(handlerParams.retry, {
      storage: retryStorage,
      shown: shownRetry,
      change: z.strictObject(optionalOf(retryParams)),
      flags: [
        flag('--retry <n>', 'tries after a failure; default: 2', { value: 'number', member: 'limit' }),
        flag('--retry-delay <time>', 'delay before the first of them: 1500 (ms), 2s; default: 1s', {
          value: 'duration',
          member: 'delay_ms',
        }),
        flag('--no-backoff', 'use the same delay before each of them instead of doubling it', {
          means: false,
          member: 'backoff',
        }),
      ],
    }),
    timeout_ms: given(handlerParams.timeout_ms, {
      flags: [flag('--timeout <time>', 'how long a run may take; default: 30s', { value: 'duration' })],
    }),
    concurrency: given(handlerParams.concurrency, {
      flags: [flag('--concurrency <n>', 'runs at the same time; default: no limit', { value: 'number' })],
    }),
    schedule: given(handlerParams.schedule, {
      storage: scheduleStorage,
      shown: shownScheduleSchema,
      listed: listedSchedule,
      flags: scheduleFlags,
    }),
    enabled: given(z.boolean().default(true), {
      listed: { title: 'enabled' },
      flags: [flag('--disabled', 'take no events until it is enabled', { means: false })],
    }),
    description: given(handlerParams.description, {
      flags: [flag('--description <text>', '')],
    }),
    /** Who made it: its scheduled runs may do what they may. */
    owner: hidden(json<readonly Origin[]>()),
    next_fire_time: kept(z.int().nullable().describe('Null without a schedule, or while it is disabled'), {
      storage: momentOrNull(),
    }),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: ['event-handler_create', 'Creates an event handler'],
    update: [
      'event-handler_update',
      'Changes an event handler; what is left out stays, and a webhook also keeps its last secret',
    ],
    delete: ['event-handler_delete', 'Deletes an event handler; what waits for it fails'],
    read: ['event-handler_read', 'Shows an event handler, without the secret of its webhook'],
    list: ['event-handler_list', 'Shows the event handlers that the token may read, in order of their names'],
  },
  command: {
    name: 'handlers',
    summary: 'manage the event handlers of a server',
    none: 'no handlers; daybook handlers add makes one',
    verbs: {
      list: ['list', 'show all handlers'],
      read: ['show', 'show a handler, never the secret of its webhook'],
      delete: ['rm', 'delete a handler; what waits for it fails'],
    },
  },
})

/** A stored handler; times in epoch milliseconds. */
export type Handler = StoredOf<typeof eventHandler>

/** The part of a handler that its definition says. */
export type HandlerDefinition = Omit<
  Handler,
  'id' | 'owner' | 'next_fire_time' | 'created_time' | 'updated_time'
>

/** True when the handler takes events of this sender and type. */
export function takesEvent(handler: Handler, sender: string, eventType: string): boolean {
  return handler.enabled && handler.sender.matches(sender) && handler.event_type.matches(eventType)
}

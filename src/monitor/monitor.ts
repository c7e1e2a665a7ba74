import { z } from 'zod'
import { defineDefinition, type StoredOf } from '../definition/definition.ts'
import {
  createdTime,
  flag,
  given,
  hidden,
  id,
  kept,
  optionalOf,
  owner,
  updatedTime,
} from '../definition/field.ts'
import { conditions, json, moment, momentOrNull, plain } from '../definition/storage.ts'
import { stringifyJson } from '../json.ts'
import type { Origin } from '../permission/grant.ts'
import { nameSchema } from '../permission/name.ts'
import { defaultEventType } from '../resource/kind/event-log.ts'
import { resources } from '../resource/kind/index.ts'
import { monitorStates, type Threshold } from './state.ts'

const dayMs = 86_400_000

/** The longest `kwargs` and the longest list of conditions, in characters of JSON: a token may have a hundred of each. */
const maxJson = 16_384

function longJsonFault(value: unknown): string | undefined {
  return stringifyJson(value).length > maxJson ? `expected at most ${maxJson} characters of JSON` : undefined
}

/** The member of the event's arguments that says what happened. */
export const toldMember = 'monitor'

const kwargsSchema = z
  .record(z.string(), z.unknown())
  .superRefine((kwargs, context) => {
    if (Object.hasOwn(kwargs, toldMember)) {
      context.addIssue({ code: 'custom', path: [toldMember], message: 'the monitor itself sets this member' })
    }
    const message = longJsonFault(kwargs)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
  .describe(`Its arguments; the monitor adds the member \`${toldMember}\``)

const eventParams = {
  sender: nameSchema.describe('In whose name it is sent'),
  event_type: nameSchema.default(defaultEventType),
  kwargs: kwargsSchema.default({}),
}
const eventSchema = z.strictObject(eventParams)
const shownEvent = z.strictObject({
  sender: z.string(),
  event_type: z.string(),
  kwargs: z.record(z.string(), z.unknown()),
})

const atLeast = z.int().min(1)
const atMost = z.int().min(0)
const whenSchema = z
  .union([z.strictObject({ at_least: atLeast }), z.strictObject({ at_most: atMost })])
  .describe('How many of them make it fire')

const state = z.enum(monitorStates)
const time = z.int().describe('Epoch milliseconds')

const ms = (least: number, most: number) => z.int().min(least).max(most)

/** Counts again and again what a query finds, and sends an event when it is too much or too little. */
export const monitor = defineDefinition({
  noun: 'monitor',
  table: 'monitor',
  isSpecial: true,
  isOwned: true,
  key: 'name',
  first: ['name', 'resource', 'query', 'window_ms', 'every_ms', 'when', 'event'],
  absent: 'monitor_not_found',
  answers: 'shown',
  fields: {
    id,
    name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    owner,
    resource: given(z.enum(resources.map(({ name }) => name)), {
      fixed: true,
      listed: { title: 'resource' },
    }),
    query: given(
      z
        .strictObject({
          condition: z
            .array(z.unknown())
            .superRefine((list, context) => {
              const message = longJsonFault(list)
              if (message !== undefined) context.addIssue({ code: 'custom', message })
            })
            .describe('As for X_query, without limit and last; all hold together'),
        })
        .meta({ examples: [{ condition: ['is_failure'] }] }),
      {
        storage: conditions,
        listed: { title: 'condition', read: ({ condition }) => condition },
        flags: [
          flag('--conditions <json>', 'the list of conditions that takes the place of the one there is', {
            value: 'json',
            member: 'condition',
            only: 'update',
          }),
        ],
      },
    ),
    window_ms: given(
      ms(1000, 366 * dayMs).describe(
        'How far back records count, by the time that orders them: start_time, created_time, occur_time, …',
      ),
      {
        listed: { title: 'window' },
        flags: [
          flag('--window <time>', 'how far back records count: 5m, 24h', {
            value: 'duration',
            isRequired: true,
          }),
        ],
      },
    ),
    every_ms: given(ms(1000, dayMs), {
      listed: { title: 'every' },
      flags: [
        flag('--every <time>', 'how often they are counted: 1s, 30s', {
          value: 'duration',
          isRequired: true,
        }),
      ],
    }),
    when: given(whenSchema, {
      storage: json<Threshold>('threshold'),
      listed: { title: 'when' },
      flags: [
        flag('--at-least <n>', 'fire when so many are found', { value: 'number', member: 'at_least' }),
        flag('--at-most <n>', 'or when no more than so many are', { value: 'number', member: 'at_most' }),
      ],
    }),
    for_ms: given(
      ms(0, 7 * dayMs)
        .default(0)
        .describe('How long that must hold before it fires'),
      {
        flags: [flag('--for <time>', 'how long that must hold first; default: 0', { value: 'duration' })],
      },
    ),
    event: given(eventSchema, {
      storage: json<z.output<typeof eventSchema>>(),
      shown: shownEvent,
      change: z.strictObject(optionalOf(eventParams)),
      flags: [
        flag('--sender <name>', 'in whose name the events are sent', { member: 'sender', isRequired: true }),
        flag('--event-type <type>', 'their type; default: events.NormalType', { member: 'event_type' }),
        flag('--kwargs <json>', 'what they hold beside the monitor', { value: 'json', member: 'kwargs' }),
      ],
    }),
    enabled: given(z.boolean().default(true), {
      listed: { title: 'enabled' },
      flags: [
        flag('--disabled', 'count nothing until it is enabled', { means: false }),
        flag('--enabled', 'count again', { means: true, only: 'update' }),
      ],
    }),
    state: kept(state, { listed: { title: 'state' } }),
    token_key: hidden(plain<string>()),
    /** In whose name it counts and sends. */
    makers: hidden(json<readonly Origin[]>()),
    since: hidden(moment()),
    count: hidden(plain<number | null>()),
    is_open: hidden(plain<boolean>()),
    evaluated_time: hidden(momentOrNull()),
    next_time: hidden(momentOrNull()),
    failures: hidden(plain<number>()),
    last_error: hidden(plain<string | null>()),
    version: hidden(plain<number>()),
    claimed_until: hidden(momentOrNull()),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: [
      'monitor_create',
      'Makes a monitor: it counts what the query finds in the last window_ms, and sends an event when that begins and ends to be too much or too little',
    ],
    update: ['monitor_update', 'Changes a monitor; what is left out stays, and it is evaluated at once'],
    delete: ['monitor_delete', 'Deletes a monitor; one that fires sends no event of its end'],
    read: ['monitor_read', 'Shows a monitor'],
    list: ['monitor_list', 'Shows the monitors of the caller, all of them to the super token'],
  },
  command: {
    name: 'monitors',
    summary: 'manage what a server watches for and sends events about',
    none: 'no monitors; daybook monitors add makes one',
    verbs: {
      list: ['list', 'show all monitors'],
      read: ['show', 'show a monitor'],
      update: ['update', 'change a monitor'],
      delete: ['rm', 'delete a monitor'],
    },
  },
})

/** A monitor as it is stored; times in epoch milliseconds. */
export type Monitor = StoredOf<typeof monitor>

/** Where a monitor stands, as `monitor_status` shows it. */
export const monitorStatusSchema = z.strictObject({
  name: z.string(),
  owner: z.string(),
  state,
  since: time,
  count: z.int().nullable().describe('What the last evaluation found; null: nothing was counted'),
  evaluated_time: time.nullable(),
  next_time: time.nullable().describe('Null: as soon as possible, or never while it is disabled'),
  last_error: z.string().nullable().describe('Why the last evaluation failed'),
  transitions: z
    .array(
      z.strictObject({
        time,
        state,
        count: z.int().nullable(),
        request_id: z.string().nullable().describe('The chain of the event that was sent; null: none was'),
      }),
    )
    .describe('The newest 20, newest first'),
})

export type MonitorStatus = z.output<typeof monitorStatusSchema>

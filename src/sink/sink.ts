import { z } from 'zod'
import { channels } from '../database/channels.ts'
import { defineDefinition, type StoredOf } from '../definition/definition.ts'
import { asked, createdTime, flag, given, hidden, id, kept, updatedTime } from '../definition/field.ts'
import { conditions, momentOrNull, plain } from '../definition/storage.ts'
import type { Failure } from '../errors.ts'
import { nameSchema } from '../permission/name.ts'
import { resources } from '../resource/kind/index.ts'
import type { StreamFormat } from '../stream/format.ts'
import {
  lockStorage,
  placeOf,
  shownTargetSchema,
  showTarget,
  targetFlags,
  targetSchema,
  targetStorage,
} from './target.ts'

const format = z.enum(['row', 'envelope'])
const state = z.enum(['running', 'paused', 'failed'])

/** How far a sink has come; times in epoch milliseconds. */
export const sinkStatusSchema = z.strictObject({
  name: z.string(),
  resource: z.string(),
  state,
  fail_reason: z
    .enum(['refused', 'behind_too_far'] satisfies Failure[])
    .nullable()
    .describe(
      'Why it has failed: the target refuses for good, or the change behind `cursor` is no longer kept',
    ),
  cursor: z.int().describe('Everything up to this number was confirmed or did not match'),
  last_sequence_number: z.int().describe('The last number of the resource'),
  lag: z.int().describe('How many changes lie between the two'),
  age_ms: z.int().describe('The age of the oldest of them; 0 if there are none'),
  failures: z.int().describe('Failed attempts in a row'),
  last_error: z.string().nullable(),
  next_attempt_time: z.int().nullable(),
  delivered: z.int(),
  last_delivered: z.int().nullable(),
})

export type SinkStatus = z.output<typeof sinkStatusSchema>

/** Why a sink has failed: its target refuses permanently, or the next changes have expired. */
export type SinkFailure = NonNullable<SinkStatus['fail_reason']>

/** Where the changes of a resource are sent, in order. */
export const sink = defineDefinition({
  noun: 'sink',
  table: 'sink',
  isSpecial: true,
  key: 'name',
  absent: 'sink_not_found',
  taken: { reason: 'file_in_use', path: 'target.file.name', message: 'There is a sink of this file' },
  answers: 'brief',
  channel: channels.sink,
  fields: {
    id,
    name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    resource: given(z.enum(resources.map(({ name }) => name)), {
      fixed: true,
      listed: { title: 'resource' },
    }),
    query: given(z.strictObject({ condition: z.array(z.unknown()).describe('All hold together') }), {
      storage: conditions,
    }),
    target: given(targetSchema, {
      storage: targetStorage,
      shown: shownTargetSchema,
      show: showTarget,
      listed: { title: 'target', read: placeOf },
      flags: targetFlags,
    }),
    format: given(format.optional().describe('Absent: envelope where the resource has one, else row'), {
      storage: plain<StreamFormat>(),
      shown: format,
      listed: { title: 'format' },
      flags: [flag('--format <format>', 'row or envelope')],
    }),
    batch_size: given(z.int().min(1).max(1000).default(100), {
      flags: [flag('--batch-size <n>', 'changes in one delivery; default: 100', { value: 'number' })],
    }),
    after: asked(
      z
        .int()
        .min(0)
        .optional()
        .describe('Begins behind this number; 0: with everything that is kept; absent: now'),
      [
        flag('--after <n>', 'begin behind this number, 0: with everything that is kept; default: now', {
          value: 'number',
        }),
      ],
    ),
    state: kept(state, { listed: { title: 'state' } }),
    fail_reason: hidden(plain<SinkStatus['fail_reason']>()),
    cursor: hidden(plain<number>()),
    failures: hidden(plain<number>()),
    last_error: hidden(plain<string | null>()),
    next_attempt_time: hidden(momentOrNull()),
    delivered: hidden(plain<number>()),
    last_delivered: hidden(momentOrNull()),
    /** The server that works on it. */
    owner: hidden(plain<string | null>()),
    is_locked: hidden(lockStorage),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: [
      'sink_create',
      'Makes a sink: the changes of a resource that fulfil the conditions are sent to its target, in order',
    ],
    update: ['sink_update', 'Changes a sink, which continues where it is; what is left out stays as it is'],
    delete: ['sink_delete', 'Deletes a sink; what it has sent stays where it is'],
    read: ['sink_read', 'Shows a sink, without its secrets'],
    list: ['sink_list', 'Shows all sinks, in order of their names'],
  },
  command: {
    name: 'sinks',
    summary: 'manage the sinks that a server sends changes to',
    none: 'no sinks; daybook sinks add makes one',
    verbs: {
      list: ['list', 'show all sinks, never their secrets'],
      delete: ['remove', 'delete a sink; what it has sent stays where it is'],
    },
  },
})

/** A sink as it is stored; times in epoch milliseconds. */
export type StoredSink = StoredOf<typeof sink>

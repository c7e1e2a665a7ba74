import { z } from 'zod'
import { requireSuper } from '../../permission/grant.ts'
import { nameSchema } from '../../permission/name.ts'
import { resources } from '../../resource/kind/index.ts'
import type { StoredSink } from '../../sink/sink.ts'
import { type SinkLag, sinkLags } from '../../sink/status.ts'
import { findSink, listSinks } from '../../sink/store.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { namedParams, type SinkMethodDeps, sinkNotFound } from './sink-method.ts'
import { shownSinkSchema, showSink } from './sink-wire.ts'

/** Times in epoch milliseconds. */
const statusSchema = z.strictObject({
  name: z.string(),
  resource: z.string(),
  state: z.enum(['running', 'paused', 'failed']),
  fail_reason: z
    .enum(['refused', 'behind_too_far'])
    .nullable()
    .describe('Why it has failed: what is wrong lasts, or the change behind `cursor` is not kept any more'),
  cursor: z.int().describe('Everything up to this number was confirmed, or is not wanted'),
  last_sequence_number: z.int().describe('Of the resource'),
  lag: z.int().describe('Numbers between the two'),
  age_ms: z.int().describe('How long ago the first of them got its number; 0 without any'),
  failures: z.int().describe('In a row'),
  last_error: z.string().nullable(),
  next_attempt_time: z.int().nullable(),
  delivered: z.int(),
  last_delivered: z.int().nullable(),
})

/** The methods that only look at sinks. */
export function inspectMethods({ database, sealer }: SinkMethodDeps): readonly Method[] {
  const read = defineMethod({
    name: 'sink_read',
    summary: 'Shows a sink, without its secrets',
    params: namedParams,
    result: shownSinkSchema,
    async handle({ params, caller }) {
      requireSuper(caller)
      const sink = await findSink(database, sealer, params.name)
      if (sink === undefined) throw sinkNotFound()
      return showSink(sink)
    },
  })

  const list = defineMethod({
    name: 'sink_list',
    summary: 'Shows all sinks, in order of their names',
    params: { token: credentialParam },
    result: z.strictObject({ sinks: z.array(shownSinkSchema) }),
    async handle({ caller }) {
      requireSuper(caller)
      return { sinks: (await listSinks(database, sealer)).map(showSink) }
    },
  })

  const status = defineMethod({
    name: 'sink_status',
    summary: 'How far the sinks have come, all or the one that is named',
    params: { token: credentialParam, name: nameSchema.optional() },
    result: z.strictObject({ sinks: z.array(statusSchema) }),
    async handle({ params: { name }, caller }) {
      requireSuper(caller)
      const sinks = await listSinks(database, sealer)
      const wanted = name === undefined ? sinks : sinks.filter(sink => sink.name === name)
      if (name !== undefined && wanted.length === 0) throw sinkNotFound()
      // Read later, so that no sink seems to be ahead of its resource.
      const lags = new Map((await sinkLags(database, resources)).map(lag => [lag.name, lag]))
      return { sinks: wanted.map(sink => showStatus(sink, lags.get(sink.name))) }
    },
  })

  return [read, list, status]
}

function showStatus(sink: StoredSink, lag: SinkLag | undefined): z.infer<typeof statusSchema> {
  const lastNumber = lag?.lastNumber ?? sink.cursor
  return {
    name: sink.name,
    resource: sink.resource,
    state: sink.state,
    fail_reason: sink.failReason,
    cursor: sink.cursor,
    last_sequence_number: lastNumber,
    lag: Math.max(0, lastNumber - sink.cursor),
    age_ms: lag?.ageMs ?? 0,
    failures: sink.failures,
    last_error: sink.lastError,
    next_attempt_time: sink.nextAttemptTime,
    delivered: sink.delivered,
    last_delivered: sink.lastDelivered,
  }
}

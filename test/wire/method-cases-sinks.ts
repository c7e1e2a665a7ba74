import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { MethodCase, Params } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)

const plain = {
  resource: 'service-event',
  query: { condition: [{ service_id: 'nobody' }] },
  target: { webhook: { url: 'https://example.com/hook' } },
}

/** Made anew each time, and paused: nothing is to be sent. */
async function newSink(wire: Wire): Promise<{ readonly name: string }> {
  const name = `case_${randomUUID()}`
  await wire.result('sink_create', { name, ...plain })
  await wire.result('sink_pause', { name })
  return { name }
}

const sink = {
  id: count,
  name: expect.stringMatching(/^case_/),
  ...plain,
  target: { webhook: { ...plain.target.webhook, secret: null, headers: {} } },
  format: 'row',
  batch_size: 100,
  state: 'paused',
  created_time: count,
  updated_time: count,
}

const status = {
  name: expect.stringMatching(/^case_/),
  resource: plain.resource,
  state: 'paused',
  fail_reason: null,
  cursor: count,
  last_sequence_number: count,
  lag: count,
  age_ms: count,
  failures: 0,
  last_error: null,
  next_attempt_time: null,
  delivered: 0,
  last_delivered: null,
}

const badName: MethodCase['malformed'] = [
  [{ name: 'case_*' }, 'name'],
  [{ name: 'case_nobody' }, 'name', 105],
]

const badDefinition: MethodCase['malformed'] = [
  [{ query: { condition: ['last'] } }, 'query.condition[0]'],
  [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
  [{ target: { webhook: { url: 'http://127.0.0.1/' } } }, 'target.webhook.url'],
  [{ target: { nats: {}, file: {} } }, 'target.nats.servers'],
  [{ format: 'envelope' }, 'format'],
  [{ batch_size: 0 }, 'batch_size'],
  [{ retry: { limit: 3 } }, 'retry'],
]

function sinkCase(
  verb: string,
  params: (wire: Wire) => Promise<Params> | Params,
  rest: Pick<MethodCase, 'result' | 'malformed'>,
): MethodCase {
  return { method: `sink_${verb}`, access: 'super', params, ...rest }
}

const done = { success: true }

export const sinkCases: readonly MethodCase[] = [
  sinkCase('create', () => ({ name: `case_${randomUUID()}`, ...plain }), {
    result: { id: count },
    malformed: [[{ name: undefined }, 'name'], [{ resource: 'nope' }, 'resource'], ...badDefinition],
  }),
  sinkCase('read', newSink, { result: sink, malformed: [[{ name: undefined }, 'name'], ...badName] }),
  sinkCase('list', () => ({}), { result: { sinks: expect.any(Array) }, malformed: [] }),
  sinkCase('status', newSink, { result: { sinks: [status] }, malformed: badName }),
  sinkCase('update', newSink, {
    result: done,
    malformed: [[{ name: undefined }, 'name'], ...badName, ...badDefinition],
  }),
  sinkCase('pause', newSink, { result: done, malformed: badName }),
  sinkCase('resume', newSink, {
    result: { ...done, skipped: 0 },
    malformed: [...badName, [{ skip_lost: 1 }, 'skip_lost']],
  }),
  sinkCase('delete', newSink, { result: done, malformed: badName }),
]

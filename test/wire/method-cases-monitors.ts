import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { badQueries, type MethodCase, type Params } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)
const text = expect.any(String)

/** Disabled: nothing happens while the cases are called. */
const plain = {
  resource: 'service-event',
  query: { condition: [{ service_id: 'nobody' }] },
  window_ms: 60_000,
  every_ms: 1000,
  when: { at_least: 3 },
  for_ms: 0,
  event: { sender: 'nobody' },
  enabled: false,
}

async function newMonitor(wire: Wire): Promise<{ readonly name: string }> {
  const name = `case_${randomUUID()}`
  await wire.result('monitor_create', { name, ...plain })
  return { name }
}

const monitor = {
  ...plain,
  id: count,
  name: expect.stringMatching(/^case_/),
  owner: text,
  event: { ...plain.event, event_type: 'events.NormalType', kwargs: {} },
  state: 'unknown',
  created_time: count,
  updated_time: count,
}

const status = {
  name: expect.stringMatching(/^case_/),
  owner: text,
  state: 'unknown',
  since: count,
  count: null,
  evaluated_time: null,
  next_time: null,
  last_error: null,
  transitions: [],
}

const badName: MethodCase['malformed'] = [
  [{ name: 'case_*' }, 'name'],
  [{ name: 'case_nobody' }, 'name', 105],
  [{ owner: 'nobody' }, 'name', 105],
  [{ owner: 1 }, 'owner'],
]

const noName: MethodCase['malformed'] = [[{ name: undefined }, 'name'], ...badName]

const badDefinition: MethodCase['malformed'] = [
  [{ query: { condition: ['last'] } }, 'query.condition[0]'],
  [{ query: { condition: [{ limit: 1 }] } }, 'query.condition[0]'],
  [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
  [{ query: { condition: [{ service_name: 'x'.repeat(16_384) }] } }, 'query.condition'],
  [{ window_ms: 999 }, 'window_ms'],
  [{ window_ms: 4e10 }, 'window_ms'],
  [{ every_ms: 999 }, 'every_ms'],
  [{ every_ms: 1000.5 }, 'every_ms'],
  [{ for_ms: -1 }, 'for_ms'],
  [{ when: {} }, 'when.at_least'],
  [{ when: { at_least: 1, at_most: 2 } }, 'when.at_most'],
  [{ when: { at_least: 0 } }, 'when.at_least'],
  [{ when: { at_most: -1 } }, 'when.at_most'],
  [{ event: { sender: 'a*' } }, 'event.sender'],
  [{ event: { ...plain.event, event_type: '' } }, 'event.event_type'],
  [{ event: { ...plain.event, kwargs: [] } }, 'event.kwargs'],
  [{ event: { ...plain.event, kwargs: { monitor: 1 } } }, 'event.kwargs.monitor'],
  [{ event: { ...plain.event, kwargs: { long: 'x'.repeat(16_384) } } }, 'event.kwargs'],
  [{ enabled: 1 }, 'enabled'],
]

function monitorCase(
  verb: string,
  access: MethodCase['access'],
  params: (wire: Wire) => Promise<Params> | Params,
  rest: Pick<MethodCase, 'result' | 'malformed'>,
): MethodCase {
  return { method: `monitor_${verb}`, access, params, ...rest }
}

/** What is counted again and again. */
export const monitorCases: readonly MethodCase[] = [
  monitorCase('create', 'limits', () => ({ name: `case_${randomUUID()}`, ...plain }), {
    result: monitor,
    malformed: [
      ...badQueries,
      [{ name: undefined }, 'name'],
      [{ name: 'a*' }, 'name'],
      [{ resource: 'nope' }, 'resource'],
      [{ window_ms: undefined }, 'window_ms'],
      [{ event: {} }, 'event.sender'],
      ...badDefinition,
    ],
  }),
  monitorCase('read', 'owner', newMonitor, { result: monitor, malformed: noName }),
  monitorCase('list', 'own', () => ({}), { result: { monitors: expect.any(Array) }, malformed: [] }),
  monitorCase('status', 'owner', newMonitor, { result: { monitors: [status] }, malformed: badName }),
  monitorCase('update', 'owner', newMonitor, {
    result: monitor,
    malformed: [...noName, ...badDefinition, [{ resource: 'js-result' }, 'resource']],
  }),
  monitorCase('delete', 'owner', newMonitor, { result: { success: true }, malformed: noName }),
]

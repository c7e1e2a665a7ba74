import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { MethodCase } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)
const text = expect.any(String)
const name = 'case_handler'

/** Makes what the cases call; once before they are run. */
export async function prepareHandlerCases(wire: Wire): Promise<void> {
  await createHandler(wire, name)
}

function createHandler(wire: Wire, full_name: string): Promise<unknown> {
  return wire.result('event-handler_create', { full_name, sender: 'nobody', target: { kind: 'remote' } })
}

async function newHandler(wire: Wire): Promise<{ readonly full_name: string }> {
  const full_name = `case_${randomUUID()}`
  await createHandler(wire, full_name)
  return { full_name }
}

const handler = {
  id: count,
  full_name: expect.stringMatching(/^case_/),
  sender: text,
  event_type: 'events.NormalType',
  target: { kind: 'remote' },
  retry: { limit: 2, delay_ms: 1000, backoff: true },
  timeout_ms: 30_000,
  concurrency: null,
  schedule: null,
  enabled: true,
  description: null,
  next_fire_time: null,
  created_time: count,
  updated_time: count,
}

const badName: MethodCase['malformed'] = [
  [{ full_name: undefined }, 'full_name'],
  [{ full_name: 'case_*' }, 'full_name'],
  [{ full_name: 'case_nobody' }, 'full_name', 105],
]

const badDefinition: MethodCase['malformed'] = [
  [{ full_name: '..' }, 'full_name'],
  [{ sender: 'a*b' }, 'sender'],
  [{ event_type: '' }, 'event_type'],
  [{ target: 'remote' }, 'target'],
  [{ target: { kind: 'nope' } }, 'target.kind'],
  [{ target: { kind: 'js_worker' } }, 'target.name'],
  [{ target: { kind: 'remote', name: 'a' } }, 'target.name'],
  [{ target: { kind: 'local' } }, 'target', 108],
  [{ target: { kind: 'webhook', url: 'https://example.com/' } }, 'target.secret'],
  [{ target: { kind: 'webhook', url: 'https://example.com/', secret: 'x' } }, 'target.secret'],
  [{ target: { kind: 'webhook', url: 'http://127.0.0.1/' } }, 'target.url'],
  [{ retry: { limit: -1 } }, 'retry.limit'],
  [{ retry: { tries: 1 } }, 'retry.tries'],
  [{ timeout_ms: 99 }, 'timeout_ms'],
  [{ concurrency: 0 }, 'concurrency'],
  [{ schedule: { cron: 'nope' } }, 'schedule.cron'],
  [{ schedule: { cron: '* * * * *', tz: 'Moon/Crater' } }, 'schedule.tz'],
  [{ enabled: 'yes' }, 'enabled'],
  [{ description: 1 }, 'description'],
]

const common = { access: 'limits' } as const

/** The methods of event handlers. */
export const handlerCases: readonly MethodCase[] = [
  {
    ...common,
    method: 'event-handler_create',
    params: () => ({
      full_name: `case_${randomUUID()}`,
      sender: 'nobody',
      event_type: 'events.NormalType',
      target: { kind: 'remote' },
    }),
    result: handler,
    malformed: [
      [{ full_name: undefined }, 'full_name'],
      [{ full_name: name }, 'full_name', 109],
      [{ sender: undefined }, 'sender'],
      [{ target: undefined }, 'target'],
      ...badDefinition,
    ],
  },
  {
    ...common,
    method: 'event-handler_read',
    params: () => ({ full_name: name }),
    result: handler,
    malformed: badName,
  },
  {
    ...common,
    method: 'event-handler_update',
    params: newHandler,
    result: handler,
    malformed: [...badName, ...badDefinition],
  },
  {
    ...common,
    method: 'event-handler_delete',
    params: newHandler,
    result: { success: true },
    malformed: badName,
  },
  {
    ...common,
    method: 'event-handler_list',
    params: () => ({}),
    result: { handlers: expect.arrayContaining([handler]) },
    malformed: [[{ token: 1 }, 'token']],
  },
]

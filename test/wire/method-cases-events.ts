import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { badQueries, type MethodCase } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)
const text = expect.any(String)

/** A handler that programs elsewhere run: what is sent to it waits. */
const remote = 'case_remote'
const sender = 'case_sender'

/** Makes what the cases call; once before they are run. */
export async function prepareEventCases(wire: Wire): Promise<void> {
  await wire.result('event-handler_create', { full_name: remote, sender, target: { kind: 'remote' } })
  await createHandler(wire, 'case_script', { kind: 'js_worker', name: 'case_worker' })
}

interface Sent {
  readonly request_id: string
}

/** Sends an event; resolves to conditions that find its record alone. */
async function sendOne(wire: Wire): Promise<{ readonly condition: readonly object[] }> {
  const { request_id } = await wire.result<Sent>('event_send', { sender })
  return { condition: [{ request_id }] }
}

interface Claimed {
  readonly tasks: readonly { readonly id: number; readonly attempt: number }[]
}

async function claimOne(wire: Wire): Promise<{ readonly id: unknown; readonly attempt: unknown }> {
  await sendOne(wire)
  const { tasks } = await wire.result<Claimed>('event-task_claim', { full_names: [remote] })
  return { id: tasks[0]?.id, attempt: tasks[0]?.attempt }
}

function createHandler(wire: Wire, full_name: string, target: object): Promise<unknown> {
  // A sender that nobody is.
  return wire.result('event-handler_create', { full_name, sender: `no_${full_name}`, target })
}

async function newHandler(wire: Wire): Promise<{ readonly full_name: string }> {
  const full_name = `case_${randomUUID()}`
  await createHandler(wire, full_name, { kind: 'remote' })
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

const startedLog = { id: count, full_name: remote, node_id: text, status: 'waiting' }

const badAffecting: MethodCase['malformed'] = [
  ...badQueries,
  [{ query: { condition: [] } }, 'query.condition'],
  [{ dry_run: 1 }, 'dry_run'],
  [{ max_affected: -1 }, 'max_affected'],
  [{ max_affected: 0 }, 'max_affected', 108],
]

const badTask: MethodCase['malformed'] = [
  [{ id: undefined }, 'id'],
  [{ id: '1' }, 'id'],
  [{ id: 1.5 }, 'id'],
  [{ attempt: undefined }, 'attempt'],
  [{ attempt: 0 }, 'attempt'],
  [{ attempt: 2 ** 53 }, 'attempt'],
]

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

const common = { access: 'limits', isStrict: false } as const

/** The methods of events, of their handlers and of the tasks that remote workers take. */
export const eventCases: readonly MethodCase[] = [
  {
    ...common,
    method: 'event_send',
    params: () => ({ sender, kwargs: { a: [1, null] } }),
    result: { request_id: text, matched: true, event_logs: [startedLog] },
    malformed: [
      [{ sender: undefined }, 'sender'],
      [{ sender: 'a*' }, 'sender'],
      [{ event_type: 'a\nb' }, 'event_type'],
      [{ request_id: '' }, 'request_id'],
      [{ node_id: 1 }, 'node_id'],
      [{ parent_node_id: {} }, 'parent_node_id'],
      [{ idempotency_key: 'x'.repeat(129) }, 'idempotency_key'],
      [{ delay_ms: -1 }, 'delay_ms'],
      [{ wait_ms: 60_001 }, 'wait_ms'],
      [{ events: [{ sender }] }, 'events'],
      [{ events: [], sender: undefined }, 'events'],
      [{ events: [{ sender }, { sender, note: 1 }] }, 'events[1].note'],
    ],
  },
  {
    ...common,
    method: 'event-log_chain',
    params: async wire => ({ request_id: (await wire.result<Sent>('event_send', { sender })).request_id }),
    result: {
      request_id: text,
      status: 'running',
      duration_ms: null,
      first_failure: null,
      truncated: false,
      nodes: [expect.objectContaining({ ...startedLog, depth: 0, duration_ms: null })],
    },
    malformed: [
      [{ request_id: undefined }, 'request_id'],
      [{ request_id: 1 }, 'request_id'],
      [{ node_id: [] }, 'node_id'],
      [{ depth: -1 }, 'depth'],
    ],
  },
  {
    ...common,
    method: 'event-log_cancel',
    isStrict: true,
    params: async wire => ({ query: await sendOne(wire) }),
    result: { success: true, cancelled: 1, stopping: 0, condition_count: 1 },
    malformed: badAffecting,
  },
  {
    ...common,
    method: 'event-log_replay',
    isStrict: true,
    params: async wire => ({ query: await sendOne(wire) }),
    result: { success: true, replayed: 1, skipped: 0, condition_count: 1, event_logs: [startedLog] },
    malformed: badAffecting,
  },
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
      [{ full_name: remote }, 'full_name', 109],
      [{ sender: undefined }, 'sender'],
      [{ target: undefined }, 'target'],
      ...badDefinition,
    ],
  },
  {
    ...common,
    method: 'event-handler_read',
    params: () => ({ full_name: remote }),
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
  {
    ...common,
    method: 'event-task_claim',
    params: async wire => {
      await sendOne(wire)
      return { full_names: [remote] }
    },
    result: {
      tasks: [
        {
          id: count,
          attempt: 1,
          full_name: remote,
          sender,
          event_type: 'events.NormalType',
          request_id: text,
          node_id: text,
          parent_node_id: expect.toBeOneOf([null, text]),
          kwargs: expect.toBeOneOf([null, { a: [1, null] }]),
        },
      ],
    },
    malformed: [
      [{ full_names: undefined }, 'full_names'],
      [{ full_names: [] }, 'full_names'],
      [{ full_names: [remote, 'a*'] }, 'full_names[1]'],
      [{ full_names: ['case_nobody'] }, 'full_names', 105],
      [{ full_names: ['case_script'] }, 'full_names', 108],
      [{ max: 0 }, 'max'],
      [{ lease_ms: 999 }, 'lease_ms'],
      [{ wait_ms: '1' }, 'wait_ms'],
    ],
  },
  {
    ...common,
    method: 'event-task_heartbeat',
    params: claimOne,
    result: { lease_until: count, cancelled: false },
    malformed: [...badTask, [{ lease_ms: 0 }, 'lease_ms']],
  },
  {
    ...common,
    method: 'event-task_complete',
    params: async wire => ({ ...(await claimOne(wire)), result: { done: true } }),
    result: { status: 'success' },
    malformed: badTask,
  },
  {
    ...common,
    method: 'event-task_fail',
    params: async wire => ({ ...(await claimOne(wire)), error_message: 'it broke', retry: false }),
    result: { status: 'fail' },
    malformed: [
      ...badTask,
      [{ error_message: undefined }, 'error_message'],
      [{ error_message: '' }, 'error_message'],
      [{ retry: 1 }, 'retry'],
    ],
  },
]

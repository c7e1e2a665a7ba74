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
  const target = { kind: 'js_worker', name: 'case_worker' }
  await wire.result('event-handler_create', { full_name: 'case_script', sender: 'nobody', target })
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

const common = { access: 'limits' } as const

/** The methods of events and of the tasks that remote workers take. */
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
      [{ events: [{ sender }] }, 'sender'],
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
      other_chains: 0,
      nodes: [expect.objectContaining({ ...startedLog, depth: 0, duration_ms: null })],
    },
    malformed: [
      [{ request_id: undefined }, 'request_id'],
      [{ request_id: 1 }, 'request_id'],
      [{ node_id: [] }, 'node_id'],
      [{ depth: -1 }, 'depth'],
      [{ fields: [] }, 'fields'],
      [{ fields: ['chain_owner'] }, 'fields[0]'],
    ],
  },
  {
    ...common,
    method: 'event-log_cancel',
    params: async wire => ({ query: await sendOne(wire) }),
    result: { success: true, cancelled: 1, stopping: 0, condition_count: 1 },
    malformed: badAffecting,
  },
  {
    ...common,
    method: 'event-log_replay',
    params: async wire => ({ query: await sendOne(wire) }),
    result: { success: true, replayed: 1, skipped: 0, condition_count: 1, event_logs: [startedLog] },
    malformed: badAffecting,
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
          lease_until: count,
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

import type { Clock } from '../clock.ts'
import { createBatchQueue } from '../database/batch-queue.ts'
import type { Database, Runner } from '../database/database.ts'
import { RpcError } from '../errors.ts'
import type { ChainPlace } from '../js-worker/run.ts'
import { type Identity, originsOf, permits, requirePermission } from '../permission/grant.ts'
import { eventLog } from '../resource/event-log.ts'
import { actionOf } from '../resource/resource.ts'
import { sendAction } from './action.ts'
import { depthBelow } from './depth.ts'
import { maxDepth, newChainId, planRuns, type SentEvent } from './event.ts'
import type { EventRequest } from './event-request.ts'
import type { HandlerDirectory, Handlers } from './handler-directory.ts'
import { type OnceOnly, onceOnly } from './idempotency.ts'
import { insertRuns } from './insert-runs.ts'
import type { Queue } from './queue.ts'

/** A row that an event set off. */
export interface StartedLog {
  readonly id: number
  readonly full_name: string
  readonly node_id: string
  readonly status: 'waiting'
}

/** What became of an event; `matched` is false when no enabled handler takes it. */
export interface SendAnswer<Log = StartedLog> {
  readonly request_id: string
  readonly matched: boolean
  readonly event_logs: readonly Log[]
}

/** A row as its sender sees it: whose handler it is and where it stands, only with `event_log.read` on that handler. */
export interface ShownLog {
  readonly id: number
  readonly full_name: string | null
  readonly node_id: string | null
  readonly status: string
}

export interface Sending {
  readonly identity: Identity
  /** Where a handler sends from; absent: a client, who may name a place. */
  readonly chain?: ChainPlace
  /** The path of event `index` in the request, for errors; default: its members stand at the top. */
  readonly path?: (index: number) => string
}

export interface Sender {
  /** Sends all the events or none. Throws RpcError 102, 108 (`chain_too_deep`), 109 (`idempotency_key_reused`). */
  send(requests: readonly EventRequest[], sending: Sending): Promise<readonly SendAnswer<ShownLog>[]>
  /** Sends what has been checked already: what a schedule or a replay makes. */
  insert(runner: Runner, events: readonly SentEvent[]): Promise<readonly SendAnswer[]>
}

export interface SenderDeps {
  readonly database: Database
  readonly queue: Queue
  readonly directory: HandlerDirectory
  readonly clock: Clock
  /** Called once there is work to be run, in so many milliseconds. */
  onWork(delayMs: number): void
}

interface Item {
  readonly event: SentEvent
  readonly once: OnceOnly | undefined
}

/** Sends events: their rows and their jobs are written in one transaction. */
export function createSender({ database, queue, directory, clock, onWork }: SenderDeps): Sender {
  const gathered = createBatchQueue<Item, SendAnswer>({
    what: 'events',
    write: items =>
      database.transaction(runner =>
        insert(
          runner,
          items.map(item => item.event),
        ),
      ),
  })

  async function insert(runner: Runner, events: readonly SentEvent[]): Promise<readonly SendAnswer[]> {
    return insertFor(runner, await directory.current(runner), events)
  }

  async function insertFor(
    runner: Runner,
    handlers: Handlers,
    events: readonly SentEvent[],
  ): Promise<readonly SendAnswer[]> {
    const planned = events.map(event => {
      const only = event.handler === undefined ? undefined : handlers.byName(event.handler)
      if (event.handler !== undefined) return planRuns(event, only === undefined ? [] : [only])
      return planRuns(event, handlers.matching(event.sender, event.eventType))
    })
    const ids = await insertRuns(runner, queue, planned.flat(), clock())
    let next = 0
    return events.map((event, i) => {
      const logs = (planned[i] ?? []).map(run => ({
        id: ids[next++] ?? 0,
        full_name: run.handler.fullName,
        node_id: run.nodeId,
        status: 'waiting' as const,
      }))
      return { request_id: event.requestId, matched: logs.length > 0, event_logs: logs }
    })
  }

  // A key must be looked up before anything is written, so such events are not gathered.
  function sendOnce(items: readonly Item[]): Promise<readonly SendAnswer[]> {
    return database.transaction(async runner => {
      const answers = new Map<Item, SendAnswer>()
      // In one order whatever the call: two that bring the same keys would otherwise wait for each other.
      for (const item of items.toSorted(byKey)) {
        const { event, once } = item
        const write = async () => (await insert(runner, [event]))[0] as SendAnswer
        answers.set(item, once === undefined ? await write() : await onceOnly(runner, once, clock(), write))
      }
      return items.map(item => answers.get(item) as SendAnswer)
    })
  }

  return {
    insert,
    async send(requests, sending) {
      const { identity, path = () => '' } = sending
      for (const { sender } of requests) requirePermission(identity, sendAction, sender)
      const items = await Promise.all(
        requests.map(async (request, i) => ({
          event: await placeEvent(database, request, sending, path(i)),
          once: onceOf(request, identity, path(i)),
        })),
      )
      const once = items.some(item => item.once !== undefined)
      const answers = await (once ? sendOnce(items) : gathered(items))
      const delays = items.filter((_, i) => answers[i]?.matched).map(item => item.event.delayMs)
      for (const delayMs of new Set(delays)) onWork(delayMs)
      return answers.map(answer => shownTo(identity, answer))
    },
  }
}

/** A token that may send need not know who listens. */
function shownTo(identity: Identity, answer: SendAnswer): SendAnswer<ShownLog> {
  const shown = answer.event_logs.map(log =>
    permits(identity, readAction, log.full_name) ? log : { ...log, full_name: null, node_id: null },
  )
  return { ...answer, event_logs: shown }
}

const readAction = actionOf(eventLog, 'read')

function byKey({ once: a }: Item, { once: b }: Item): number {
  const [before = '', after = ''] = [a?.key, b?.key]
  return before < after ? -1 : Number(before > after)
}

async function placeEvent(
  database: Database,
  request: EventRequest,
  { identity, chain }: Sending,
  path: string,
): Promise<SentEvent> {
  const requestId = chain?.requestId ?? request.request_id ?? newChainId()
  const parentNodeId = chain === undefined ? (request.parent_node_id ?? null) : (chain.nodeId ?? null)
  const depth = chain === undefined ? await depthBelow(database, requestId, parentNodeId) : chain.depth + 1
  if (depth > maxDepth) throw chainTooDeep(path)
  return {
    sender: request.sender,
    eventType: request.event_type,
    kwargs: request.kwargs,
    runType: parentNodeId === null ? 'send' : 'chain',
    requestId,
    nodeId: request.node_id,
    parentNodeId,
    depth,
    delayMs: request.delay_ms,
    caller: originsOf(identity),
  }
}

function onceOf(request: EventRequest, { tokenKey }: Identity, path: string): OnceOnly | undefined {
  const { idempotency_key: key, ...rest } = request
  if (key === undefined) return undefined
  return { tokenKey, key, request: rest, path: path === '' ? 'idempotency_key' : `${path}.idempotency_key` }
}

function chainTooDeep(path: string): RpcError {
  return new RpcError(
    'invalid_input',
    `chain_too_deep: more than ${maxDepth} events follow from each other`,
    {
      reason: 'chain_too_deep',
      path: path === '' ? 'parent_node_id' : `${path}.parent_node_id`,
    },
  )
}

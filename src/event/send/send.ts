import { createBatchQueue } from '../../async/batch-queue.ts'
import type { Clock } from '../../async/clock.ts'
import type { Database, Runner } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import type { ChainPlace } from '../../js-worker/run.ts'
import { type Identity, originsOf, permits, requirePermission } from '../../permission/grant.ts'
import { principalOf } from '../../permission/origin.ts'
import { type ChainOwner, chainOwnerFor } from '../../resource/chain-owner.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { actionOf } from '../../resource/resource.ts'
import { sendAction } from '../handler/action.ts'
import type { Handler } from '../handler/handler.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { depthBelow } from './depth.ts'
import { type AddressedEvent, maxDepth, type NewRun, newChainId, planRuns, type SentEvent } from './event.ts'
import type { EventRequest } from './event-request.ts'
import { type OnceOnly, onceOnly } from './idempotency.ts'
import { insertRuns } from './insert-runs.ts'
import { makersOf, mayReceive, type Recall } from './receiving.ts'

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
  /** The idempotency key of all the requests together; else each may have its own. */
  readonly key?: string | undefined
}

export interface Sender {
  /** Sends all the events or none. Throws RpcError 102, 108 (`chain_too_deep`), 109 (`idempotency_key_reused`). */
  send(requests: readonly EventRequest[], sending: Sending): Promise<readonly SendAnswer<ShownLog>[]>
  /** Sends what is for one handler each: what a schedule or a replay makes. Whether it may receive that is seen when it runs. */
  insert(runner: Runner, events: readonly AddressedEvent[]): Promise<readonly SendAnswer[]>
}

export interface SenderDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly clock: Clock
  readonly recall: Recall
  /** Called once there is work to be run, in so many milliseconds. */
  onWork(delayMs: number): void
}

/** An event with the runs that it sets off. */
interface Planned {
  readonly event: SentEvent
  readonly runs: readonly NewRun[]
}

interface Item {
  readonly event: SentEvent
  readonly once: OnceOnly | undefined
}

/** Sends events: what they set off is written in one statement. */
export function createSender({ database, directory, clock, recall, onWork }: SenderDeps): Sender {
  const gathered = createBatchQueue<Item, SendAnswer>({
    what: 'events',
    write: items =>
      directory.use(
        database,
        handlers => planItems(handlers, items),
        (handlers, planned) => insertPlanned(database, handlers, [...planned.values()]),
      ),
  })

  /** The runs of each event: of the handlers that take it and whose makers may receive it. */
  async function planItems(handlers: Handlers, items: readonly Item[]): Promise<ReadonlyMap<Item, Planned>> {
    const makers = new Map<Handler, Identity | undefined>()
    const planned = new Map<Item, Planned>()
    for (const item of items) {
      const { event } = item
      const matching = handlers.matching(event.sender, event.eventType)
      for (const handler of matching) {
        if (!makers.has(handler)) makers.set(handler, await makersOf(handler, recall))
      }
      const receiving = matching.filter(each => mayReceive(makers.get(each), event.sender, event.runType))
      planned.set(item, { event, runs: planRuns(event, receiving) })
    }
    return planned
  }

  async function insertPlanned(
    runner: Pick<Runner, 'run'>,
    handlers: Handlers,
    planned: readonly Planned[],
  ): Promise<readonly SendAnswer[]> {
    const runs = planned.flatMap(each => each.runs)
    const ids = await insertRuns(runner, handlers, runs, clock())
    let next = 0
    return planned.map(({ event, runs }) => {
      const logs = runs.map(run => ({
        id: ids[next++] ?? 0,
        full_name: run.handler.full_name,
        node_id: run.nodeId,
        status: 'waiting' as const,
      }))
      return { request_id: event.requestId, matched: logs.length > 0, event_logs: logs }
    })
  }

  // A key must be looked up before anything is written, so such events are not gathered.
  function sendOnce(items: readonly Item[]): Promise<readonly SendAnswer[]> {
    return directory.use(
      database,
      handlers => planItems(handlers, items),
      (handlers, planned) =>
        database.transaction(async runner => {
          const answers = new Map<Item, SendAnswer>()
          // In one order whatever the call: two that bring the same keys would otherwise wait for each other.
          for (const [item, plan] of [...planned].toSorted(([a], [b]) => byKey(a, b))) {
            const { once } = item
            const write = async () => (await insertPlanned(runner, handlers, [plan]))[0] as SendAnswer
            answers.set(
              item,
              once === undefined ? await write() : await onceOnly(runner, once, clock(), write),
            )
          }
          return items.map(item => answers.get(item) as SendAnswer)
        }),
    )
  }

  function sendWhole(items: readonly Item[], whole: OnceOnly): Promise<readonly SendAnswer[]> {
    return directory.use(
      database,
      handlers => planItems(handlers, items),
      (handlers, planned) =>
        database.transaction(runner =>
          onceOnly(runner, whole, clock(), () => insertPlanned(runner, handlers, [...planned.values()])),
        ),
    )
  }

  function sendItems(items: readonly Item[], whole: OnceOnly | undefined): Promise<readonly SendAnswer[]> {
    if (whole !== undefined) return sendWhole(items, whole)
    return items.some(item => item.once !== undefined) ? sendOnce(items) : gathered(items)
  }

  return {
    async insert(runner, events) {
      const handlers = await directory.current(runner)
      const planned = events.map(event => {
        const handler = handlers.byName(event.handler)
        return { event, runs: planRuns(event, handler === undefined ? [] : [handler]) }
      })
      return insertPlanned(runner, handlers, planned)
    },
    async send(requests, sending) {
      const { identity, path = () => '' } = sending
      for (const { sender } of requests) requirePermission(identity, sendAction, sender)
      const ownerFor = rememberOwners(database, identity)
      const items = await Promise.all(
        requests.map(async (request, i) => ({
          event: await placeEvent(database, request, { ...sending, ownerFor }, path(i)),
          once: onceOf(request, identity, path(i)),
        })),
      )
      const answers = await sendItems(items, wholeOf(requests, sending))
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

type OwnerFor = (requestId: string) => Promise<ChainOwner>

/** Whose chain a client's event under a request id belongs to, asked once for each. */
function rememberOwners(database: Database, identity: Identity): OwnerFor {
  const owners = new Map<string, Promise<ChainOwner>>()
  return requestId => {
    const owner = owners.get(requestId) ?? chainOwnerFor(database, requestId, identity)
    owners.set(requestId, owner)
    return owner
  }
}

/** Which chain an event belongs to: the one that its sender is in, the one that it names, or a new one. */
async function chainOf(
  { request_id: requestId }: EventRequest,
  { identity, chain, ownerFor }: Sending & { ownerFor: OwnerFor },
): Promise<{ readonly requestId: string; readonly chainOwner: ChainOwner }> {
  if (chain !== undefined) return { requestId: chain.requestId, chainOwner: chain.owner }
  if (requestId === undefined) return { requestId: newChainId(), chainOwner: principalOf(identity) }
  return { requestId, chainOwner: await ownerFor(requestId) }
}

async function placeEvent(
  database: Database,
  request: EventRequest,
  sending: Sending & { ownerFor: OwnerFor },
  path: string,
): Promise<SentEvent> {
  const { identity, chain } = sending
  const { requestId, chainOwner } = await chainOf(request, sending)
  const parentNodeId = chain === undefined ? (request.parent_node_id ?? null) : (chain.nodeId ?? null)
  const depth =
    chain === undefined ? await depthBelow(database, requestId, parentNodeId, chainOwner) : chain.depth + 1
  if (depth > maxDepth) throw chainTooDeep(path)
  return {
    sender: request.sender,
    eventType: request.event_type,
    kwargs: request.kwargs,
    runType: parentNodeId === null ? 'send' : 'chain',
    requestId,
    chainOwner,
    nodeId: request.node_id,
    parentNodeId,
    depth,
    delayMs: request.delay_ms,
    caller: originsOf(identity),
  }
}

function wholeOf(requests: readonly EventRequest[], { identity, key }: Sending): OnceOnly | undefined {
  if (key === undefined) return undefined
  return { principal: principalOf(identity), key, request: requests, path: 'idempotency_key' }
}

function onceOf(request: EventRequest, identity: Identity, path: string): OnceOnly | undefined {
  const { idempotency_key: key, ...rest } = request
  if (key === undefined) return undefined
  // A script that acts for a token, or a JWT that may do less, must not use up the token's keys.
  const principal = principalOf(identity)
  return { principal, key, request: rest, path: path === '' ? 'idempotency_key' : `${path}.idempotency_key` }
}

function chainTooDeep(path: string): RpcError {
  return new RpcError(
    'chain_too_deep',
    `chain_too_deep: more than ${maxDepth} events follow from each other`,
    { path: path === '' ? 'parent_node_id' : `${path}.parent_node_id` },
  )
}

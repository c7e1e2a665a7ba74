import { createBatchQueue } from '../../async/batch-queue.ts'
import type { Clock } from '../../async/clock.ts'
import type { Database, Runner } from '../../database/database.ts'
import type { ChainPlace } from '../../js-worker/host.ts'
import { type Identity, permits, requirePermission } from '../../permission/grant.ts'
import { principalOf } from '../../permission/origin.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { actionOf } from '../../resource/resource.ts'
import { sendAction } from '../handler/action.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { type AddressedEvent, planRuns, type SendAnswer, type SentEvent, type ShownLog } from './event.ts'
import type { EventRequest } from './event-request.ts'
import { type OnceOnly, onceOnly } from './idempotency.ts'
import { placeEvents } from './place.ts'
import { insertPlanned, type Planned, planEvents } from './plan.ts'
import type { Recall } from './receiving.ts'

export interface SendOptions {
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
  send(requests: readonly EventRequest[], options: SendOptions): Promise<readonly SendAnswer<ShownLog>[]>
  /**
   * Sends events that are for one handler each, as a schedule or a replay makes them. Whether the handler may receive its
   * event is checked when it runs.
   */
  insert(runner: Runner, events: readonly AddressedEvent[]): Promise<readonly SendAnswer[]>
  /**
   * Sends an event together with what else `work` writes: `work` begins the transaction and has `insert` write the event's
   * runs in it. It is done again when the handlers have changed meanwhile. Who may send was checked before.
   */
  sendWithin<T>(event: SentEvent, work: (insert: InsertEvent) => Promise<T>): Promise<T>
}

export type InsertEvent = (runner: Pick<Runner, 'run'>) => Promise<void>

export interface SenderDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly clock: Clock
  readonly recall: Recall
  /** Called when there is work to be run in `delayMs` milliseconds. */
  onWork(delayMs: number): void
}

/** Sends events: what they set off is written in one statement. */
export function createSender({ database, directory, clock, recall, onWork }: SenderDeps): Sender {
  const gathered = createBatchQueue<SentEvent, SendAnswer>({
    what: 'events',
    write: events =>
      planAnd(events, (handlers, planned) => insertPlanned(database, handlers, planned, clock())),
  })

  function planAnd<T>(
    events: readonly SentEvent[],
    write: (handlers: Handlers, planned: readonly Planned[]) => Promise<T>,
  ): Promise<T> {
    return directory.use(database, handlers => planEvents(handlers, events, recall), write)
  }

  // A key must be looked up before anything is written, so such events are not gathered.
  function sendOnce(
    events: readonly SentEvent[],
    keys: readonly (OnceOnly | undefined)[],
  ): Promise<readonly SendAnswer[]> {
    return planAnd(events, (handlers, planned) =>
      database.transaction(async runner => {
        const answers: SendAnswer[] = []
        // In one order whatever the call: two that bring the same keys would otherwise wait for each other.
        for (const i of [...keys.keys()].toSorted((a, b) => byKey(keys[a], keys[b]))) {
          const write = async () =>
            (await insertPlanned(runner, handlers, planned.slice(i, i + 1), clock()))[0] as SendAnswer
          const once = keys[i]
          answers[i] = once === undefined ? await write() : await onceOnly(runner, once, clock(), write)
        }
        return answers
      }),
    )
  }

  function sendWhole(events: readonly SentEvent[], whole: OnceOnly): Promise<readonly SendAnswer[]> {
    return planAnd(events, (handlers, planned) =>
      database.transaction(runner =>
        onceOnly(runner, whole, clock(), () => insertPlanned(runner, handlers, planned, clock())),
      ),
    )
  }

  return {
    async insert(runner, events) {
      const handlers = await directory.current(runner)
      const planned = events.map(event => {
        const handler = handlers.byName(event.handler)
        return { event, runs: planRuns(event, handler === undefined ? [] : [handler]) }
      })
      return insertPlanned(runner, handlers, planned, clock())
    },
    async sendWithin(event, work) {
      const done = await planAnd([event], (handlers, planned) =>
        work(async runner => void (await insertPlanned(runner, handlers, planned, clock()))),
      )
      onWork(event.delayMs)
      return done
    },
    async send(requests, options) {
      const { identity, key, path = () => '' } = options
      for (const { sender } of requests) requirePermission(identity, sendAction, sender)
      const events = await placeEvents(database, requests, options, path)
      const answers =
        key !== undefined
          ? await sendWhole(events, wholeOf(requests, identity, key))
          : requests.some(request => request.idempotency_key !== undefined)
            ? await sendOnce(
                events,
                requests.map((request, i) => onceOf(request, identity, path(i))),
              )
            : await gathered(events)
      const delays = events.filter((_, i) => answers[i]?.matched).map(event => event.delayMs)
      for (const delayMs of new Set(delays)) onWork(delayMs)
      return answers.map(answer => shownTo(identity, answer))
    },
  }
}

const readAction = actionOf(eventLog, 'read')

/** A token that may send need not know who listens. */
function shownTo(identity: Identity, answer: SendAnswer): SendAnswer<ShownLog> {
  const shown = answer.event_logs.map(log =>
    permits(identity, readAction, log.full_name) ? log : { ...log, full_name: null, node_id: null },
  )
  return { ...answer, event_logs: shown }
}

function byKey(a: OnceOnly | undefined, b: OnceOnly | undefined): number {
  const [before = '', after = ''] = [a?.key, b?.key]
  return before < after ? -1 : Number(before > after)
}

function wholeOf(requests: readonly EventRequest[], identity: Identity, key: string): OnceOnly {
  return { principal: principalOf(identity), key, request: requests, path: 'idempotency_key' }
}

function onceOf(request: EventRequest, identity: Identity, path: string): OnceOnly | undefined {
  const { idempotency_key: key, ...rest } = request
  if (key === undefined) return undefined
  // A script that acts for a token, or a JWT that may do less, must not use up the token's keys.
  const principal = principalOf(identity)
  return { principal, key, request: rest, path: path === '' ? 'idempotency_key' : `${path}.idempotency_key` }
}

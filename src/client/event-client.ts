import type { Chain, ChainOptions, NewEvent, SendOptions, SentEvent } from './event.ts'
import type { Work } from './held-task.ts'
import type { Call } from './methods.ts'
import { startWorker, type Worker, type WorkerSettings } from './worker.ts'

/** What a client does with events. All but `worker` throw DaybookError or DaybookConnectionError. */
export interface EventClient {
  /** Sends an event to the handlers that take it. */
  send(event: NewEvent, options?: SendOptions): Promise<SentEvent>
  /** Sends 1 to 100 events, all or none; resolves to what became of each, in order. */
  sendMany(events: readonly NewEvent[], options?: SendOptions): Promise<readonly SentEvent[]>
  /** Everything that the events of one request id set off. */
  chain(requestId: string, options?: ChainOptions): Promise<Chain>
  /**
   * Does the work of remote handlers until it is stopped: claims tasks, keeps them while `work` runs, completes them
   * with what it returns and fails them with what it throws. Survives faults of the server and of the network.
   * Throws RangeError for an invalid concurrency.
   */
  worker(settings: WorkerSettings, work: Work): Worker
}

/** An EventClient over `call`, which waits `timeoutMs` for an answer. */
export function createEventClient(call: Call, timeoutMs: number): EventClient {
  const send = (params: object, { waitMs }: SendOptions = {}): Promise<unknown> =>
    waitMs === undefined
      ? call('event_send', params as NewEvent)
      : call('event_send', { ...(params as NewEvent), wait_ms: waitMs }, { timeoutMs: timeoutMs + waitMs })
  return {
    send: (event, options) => send(event, options) as Promise<SentEvent>,
    sendMany: async (events, options) =>
      ((await send({ events }, options)) as { events: readonly SentEvent[] }).events,
    chain: (requestId, { nodeId, depth } = {}) =>
      // Without fields every node is whole.
      call('event-log_chain', { request_id: requestId, node_id: nodeId, depth }) as Promise<Chain>,
    worker: (settings, work) => startWorker({ call, timeoutMs }, settings, work),
  }
}

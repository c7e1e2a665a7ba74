import { newChainId, type SentEvent } from '../event/send/event.ts'
import { principalOfAll } from '../permission/origin.ts'
import { type Monitor, toldMember } from './monitor.ts'

export interface Told {
  readonly state: 'firing' | 'ok'
  readonly count: number
  /** Epoch milliseconds. */
  readonly since: number
}

/** The event that tells that a monitor began or ceased to fire, sent in the name of its makers. */
export function toldEvent({ event, makers, ...monitor }: Monitor, told: Told): SentEvent {
  const { name, resource, query, when, window_ms, for_ms } = monitor
  const what = { name, ...told, when, resource, query, window_ms, for_ms }
  return {
    sender: event.sender,
    eventType: event.event_type,
    kwargs: { ...event.kwargs, [toldMember]: what },
    runType: 'send',
    requestId: newChainId(),
    chainOwner: principalOfAll(makers),
    nodeId: undefined,
    parentNodeId: null,
    depth: 0,
    delayMs: 0,
    caller: makers,
  }
}

import { randomUUID } from 'node:crypto'
import type { Origin } from '../../permission/grant.ts'
import type { ChainOwner } from '../../resource/chain-owner.ts'
import type { Handler } from '../handler/handler.ts'

/** The event type of what a schedule fires. */
export const cronEventType = 'events.CronType'

/** How many events may lie before one in its chain. */
export const maxDepth = 32

export type RunType = 'send' | 'chain' | 'cron' | 'replay'

/** One event, checked, with its place in its chain; `kwargs` is what its handlers are given. */
export interface SentEvent {
  readonly sender: string
  readonly eventType: string
  readonly kwargs: unknown
  readonly runType: RunType
  readonly requestId: string
  readonly chainOwner: ChainOwner
  /** Absent: each handler's row has a node of its own. */
  readonly nodeId: string | undefined
  readonly parentNodeId: string | null
  readonly depth: number
  readonly delayMs: number
  /** In whose name its handlers act. */
  readonly caller: readonly Origin[]
}

/** An event for one handler, whatever others would take it. */
export interface AddressedEvent extends SentEvent {
  readonly handler: string
}

/** A row of event_log that waits to be run. */
export interface NewRun {
  readonly handler: Handler
  readonly event: SentEvent
  readonly nodeId: string
}

/** A row that an event set off. */
export interface StartedLog {
  readonly id: number
  readonly full_name: string
  readonly node_id: string
  readonly status: 'waiting'
}

/** A row as its sender sees it: whose handler it is and where it stands, only with `event_log.read` on that handler. */
export interface ShownLog {
  readonly id: number
  readonly full_name: string | null
  readonly node_id: string | null
  readonly status: string
}

/** What became of an event; `matched` is false when no enabled handler takes it. */
export interface SendAnswer<Log = StartedLog> {
  readonly request_id: string
  readonly matched: boolean
  readonly event_logs: readonly Log[]
}

/** The runs that an event sets off, one a handler. */
export function planRuns(event: SentEvent, handlers: readonly Handler[]): readonly NewRun[] {
  return handlers.map(handler => ({ handler, event, nodeId: event.nodeId ?? newChainId() }))
}

/** A new name for a chain or a place in one: a UUID of version 7, so that ids sort by time. */
export function newChainId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  // Node draws random bytes for many of its own at once.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

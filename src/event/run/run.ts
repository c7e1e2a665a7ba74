import { backoffMs } from '../../async/backoff.ts'
import type { Origin } from '../../permission/grant.ts'
import type { ChainOwner } from '../../resource/chain-owner.ts'
import type { Handler } from '../handler/handler.ts'
import type { RunType } from '../send/event.ts'

/** One try to carry out a row's work: what it takes to end it. */
export interface Attempt {
  /** The id of the row. */
  readonly id: number
  /** As it was when the run was taken; undefined once it is gone. */
  readonly handler: Handler | undefined
  readonly attempt: number
  /** Attempts that failed before. */
  readonly failures: number
}

/** An attempt that was taken to be run. */
export interface Run extends Attempt {
  readonly handler: Handler
  readonly sender: string
  readonly eventType: string
  readonly runType: RunType
  readonly requestId: string
  readonly chainOwner: ChainOwner
  readonly nodeId: string
  readonly parentNodeId: string | null
  readonly depth: number
  /** The arguments of the event: any JSON. */
  readonly kwargs: unknown
  readonly caller: readonly Origin[]
}

/** What the program that does the work is told of a run, beside its arguments: as it goes over the wire. */
export function runMembers(run: Run) {
  return {
    id: run.id,
    attempt: run.attempt,
    full_name: run.handler.full_name,
    sender: run.sender,
    event_type: run.eventType,
    request_id: run.requestId,
    node_id: run.nodeId,
    parent_node_id: run.parentNodeId,
  }
}

/** How an attempt ended. */
export type RunOutcome =
  | { readonly kind: 'success'; readonly result: unknown }
  | {
      readonly kind: 'failed'
      /** Begins with a stable snake_case word: `handler_timeout: …`. */
      readonly message: string
      /** Whether another attempt may help. */
      readonly retry: boolean
      /** How long to wait before it, instead of the handler's own delay. */
      readonly retryAfterMs?: number | undefined
      /** The receiver is gone: no more events for this handler. */
      readonly disable?: boolean | undefined
    }
  /** Nothing is wrong, but this server stops: another one shall run it. */
  | { readonly kind: 'handed_back' }

const longestDelay = 24 * 60 * 60 * 1000

/** When the run is tried again after this failure (epoch ms), or undefined when it has failed for good. */
export function nextAttempt(
  { handler, failures }: Attempt,
  outcome: RunOutcome & { kind: 'failed' },
  now: number,
): number | undefined {
  if (handler === undefined || !outcome.retry || failures >= handler.retry.limit) return undefined
  const { delay_ms: delayMs, backoff } = handler.retry
  const own = backoff ? backoffMs(failures + 1, { firstMs: delayMs, longestMs: longestDelay }) : delayMs
  return now + Math.min(outcome.retryAfterMs ?? own, longestDelay)
}

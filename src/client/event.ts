import type { wire } from './wire.ts'

type Methods = (typeof wire)['methods']

/** An event to send; its sender and type decide which handlers take it. Everything else has a default. */
export type NewEvent = NonNullable<Methods['event_send']['params']['events']>[number]

/** What became of an event: a record for each handler that takes it. `matched` is false when no handler does. */
export type SentEvent = Exclude<Methods['event_send']['result'], { readonly events: unknown }>

/**
 * A record that an event set off; `attempt`, `result` and `error_message` only after waiting. All but `id` and `status` are
 * null if the sender may not read the records of that handler.
 */
export type StartedLog = SentEvent['event_logs'][number]

/** Everything that an event set off. `status` is null when there is no record; `duration_ms` also while one still runs. */
export type Chain = Omit<FoundChain, 'nodes'> & {
  readonly nodes: readonly Required<FoundChain['nodes'][number]>[]
}

type FoundChain = Methods['event-log_chain']['result']

/** A record at its place in a chain; `depth` counts from 0. */
export type ChainNode = Chain['nodes'][number]

/**
 * A task of a remote handler, as a worker gets it. Delivery is at least once: drop duplicates by `id`. The server takes the
 * task back at `lease_until` (epoch ms by its own clock) unless a heartbeat extends it.
 */
export type Task = Methods['event-task_claim']['result']['tasks'][number]

export interface SendOptions {
  /** How long to wait until all its handlers have ended, in milliseconds; at most 60,000. */
  readonly waitMs?: number | undefined
}

export interface ChainOptions {
  /** Only this node and those below it. */
  readonly nodeId?: string | undefined
  /** How many levels below the first. */
  readonly depth?: number | undefined
}

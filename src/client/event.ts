import type { wire } from './wire.ts'

type Methods = (typeof wire)['methods']

/** An event to be sent; handlers are found by its sender and type. What is left out has a default. */
export type NewEvent = NonNullable<Methods['event_send']['params']['events']>[number]

/** What became of an event: a record for each handler that takes it; `matched` is false when none does. */
export type SentEvent = Exclude<Methods['event_send']['result'], { readonly events: unknown }>

/**
 * A record that an event set off; the last three members only where the answer was waited for. All but `id` and `status` are
 * null to a sender who may not read the records of that handler.
 */
export type StartedLog = SentEvent['event_logs'][number]

/** All that an event set off. `status` and `duration_ms` are null when there is no such record, or one still runs. */
export type Chain = Methods['event-log_chain']['result']

/** A record at its place in a chain; `depth` counts from 0. */
export type ChainNode = Chain['nodes'][number]

/**
 * A task of a remote handler, as a worker gets it. Delivery is at least once: `id` tells duplicates. `lease_until` is when
 * the server takes it back, epoch ms by its own clock; a heartbeat moves it.
 */
export type Task = Methods['event-task_claim']['result']['tasks'][number]

export interface SendOptions {
  /** Wait until all its handlers have ended, so many milliseconds (60,000 at most). */
  readonly waitMs?: number
}

export interface ChainOptions {
  /** Only what this place and those below it did. */
  readonly nodeId?: string
  /** How many levels below the first. */
  readonly depth?: number
}

import type { EventLogRow } from '../resource/kind/index.ts'

/** An event to be sent. */
export interface NewEvent {
  /** Who sends it; handlers are found by it. */
  readonly sender: string
  /** Its arguments, any JSON. */
  readonly kwargs?: unknown
  /** `events.NormalType` if absent. */
  readonly event_type?: string
  /** The chain it belongs to; a new one if absent. */
  readonly request_id?: string
  /** Its place in the chain; a new one for each handler if absent. */
  readonly node_id?: string
  /** The place in the chain that set it off. */
  readonly parent_node_id?: string
  /** The same event with the same key is sent once; another with the same key is refused (error 109). */
  readonly idempotency_key?: string
  /** How long its handlers wait before they begin, milliseconds. */
  readonly delay_ms?: number
}

/**
 * A record that an event set off; the last three members only where the answer was waited for. All but `id` and `status` are
 * null to a sender who may not read the records of that handler.
 */
export interface StartedLog {
  readonly id: number
  readonly full_name: string | null
  readonly node_id: string | null
  readonly status: EventLogRow['status']
  readonly attempt?: number | null
  readonly result?: unknown
  readonly error_message?: string | null
}

/** What became of an event: a record for each handler that takes it; `matched` is false when none does. */
export interface SentEvent {
  readonly request_id: string
  readonly matched: boolean
  readonly event_logs: readonly StartedLog[]
}

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

/** A record at its place in a chain; `depth` counts from 0. */
export interface ChainNode extends EventLogRow {
  readonly depth: number
  readonly duration_ms: number | null
}

/** All that an event set off. `status` and `duration_ms` are null when there is no such record, or one still runs. */
export interface Chain {
  readonly request_id: string
  readonly status: 'running' | 'success' | 'fail' | null
  readonly duration_ms: number | null
  readonly first_failure: {
    readonly id: number
    readonly full_name: string
    readonly node_id: string
    readonly error_message: string | null
  } | null
  /** Whether the chain has more records than are shown. */
  readonly truncated: boolean
  /** How many chains that others began have the same request id and records that may be read. */
  readonly other_chains: number
  /** Each before those that it set off. */
  readonly nodes: readonly ChainNode[]
}

/** A task of a remote handler, as a worker gets it. Delivery is at least once: `id` tells duplicates. */
export interface Task {
  /** Of its event-log record. */
  readonly id: number
  /** Which try this is, from 1. */
  readonly attempt: number
  /** Until when it was given, epoch ms by the server's clock; a heartbeat moves it. */
  readonly lease_until: number
  readonly full_name: string
  readonly sender: string
  readonly event_type: string
  readonly request_id: string
  readonly node_id: string
  readonly parent_node_id: string | null
  readonly kwargs: unknown
}

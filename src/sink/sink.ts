import type { StreamFormat } from '../stream/format.ts'

/** The channel that says: a sink was made, changed, paused, resumed or deleted. */
export const sinkChannel = 'daybook_sink'

export type SinkState = 'running' | 'paused' | 'failed'

/**
 * Why a sink has failed: its target, or what it is to do, refuses for good; or the next changes are not kept any more.
 */
export type SinkFailure = 'refused' | 'behind_too_far'

/** How a NATS server is told who we are. */
export type NatsCredentials =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  | { readonly nkey: string }

export interface WebhookSink {
  readonly kind: 'webhook'
  readonly url: string
  /** `whsec_<base64>`; null: the posts are not signed. */
  readonly secret: string | null
  readonly headers: Readonly<Record<string, string>>
}

export interface NatsSink {
  readonly kind: 'nats'
  readonly servers: readonly string[]
  /** The stream that must take what is published; null: whichever listens to the subject. */
  readonly stream: string | null
  readonly subject: string
  readonly credentials: NatsCredentials | null
}

export interface FileSink {
  readonly kind: 'file'
  /** `<data folder>/sinks/<name>.ndjson` */
  readonly name: string
  /** A file that would grow beyond this is put aside and a new one begun. */
  readonly maxBytes: number
  /** How many files that were put aside are kept. */
  readonly keep: number
}

/** Where a sink's changes go to. */
export type SinkTarget = WebhookSink | NatsSink | FileSink

/** What whoever makes a sink decides. */
export interface SinkDefinition {
  readonly name: string
  /** The resource's name. */
  readonly resource: string
  /** As it was given; it is planned anew whenever the sink is taken up. */
  readonly condition: readonly unknown[]
  readonly target: SinkTarget
  readonly format: StreamFormat
  /** Changes of one delivery, at most. */
  readonly batchSize: number
}

/** A sink as it is stored; times in epoch milliseconds. */
export interface StoredSink extends SinkDefinition {
  readonly id: number
  readonly state: SinkState
  /** Null unless it has failed. */
  readonly failReason: SinkFailure | null
  /** The last number that the target has confirmed, or that the conditions left out. */
  readonly cursor: number
  /** In a row. */
  readonly failures: number
  readonly lastError: string | null
  readonly nextAttemptTime: number | null
  readonly delivered: number
  readonly lastDelivered: number | null
  /** Its secrets were sealed with another key: nothing can be sent until they are given anew. */
  readonly isLocked: boolean
  readonly createdTime: number
  readonly updatedTime: number
}

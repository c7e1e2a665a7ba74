import type { ConditionOf, EpochMs, ResourceName, Typed } from './resources.ts'

/** A mark in the place of what is secret. */
type Hidden = '***'

interface WebhookPlace {
  readonly url: string
  /** `whsec_` and base64; null: the posts are not signed. */
  readonly secret?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

interface NatsPlace {
  /** host:port, nats://host:port or tls://host:port */
  readonly servers: readonly string[]
  readonly subject: string
  /** The stream that must take what is published. */
  readonly stream?: string | null
}

type NatsCredentials =
  | { readonly token?: string }
  | { readonly user: string; readonly password: string }
  | { readonly nkey: string }

/** `<data folder>/sinks/<name>.ndjson` on the server. */
interface FilePlace {
  readonly name: string
  readonly max_bytes?: number
  readonly keep?: number
}

/** Where a sink's changes go to. */
export type NewSinkTarget =
  | { readonly webhook: WebhookPlace }
  | { readonly nats: NatsPlace & NatsCredentials }
  | { readonly file: FilePlace }

/** The same as it is shown, without what is secret. */
export interface SinkTarget {
  readonly webhook?: {
    readonly url: string
    readonly secret: Hidden | null
    readonly headers: Readonly<Record<string, Hidden>>
  }
  readonly nats?: Required<NatsPlace> & {
    readonly user?: string
    readonly token?: Hidden
    readonly password?: Hidden
    readonly nkey?: Hidden
  }
  readonly file?: Required<FilePlace>
}

export type SinkState = 'running' | 'paused' | 'failed'

/** A sink to be made; what is left out has a default. */
export interface NewSink<R extends ResourceName = ResourceName> {
  readonly name: string
  readonly resource: R
  /** Neither limit nor last. */
  readonly query: { readonly condition: readonly ConditionOf<R>[] }
  readonly target: NewSinkTarget
  readonly format?: 'row' | 'envelope'
  readonly batch_size?: number
  /** The number behind which it begins; 0: with all that is kept. Now if absent. */
  readonly after?: number
}

/** What of a sink is to change; what is left out stays. */
export type SinkChange = Pick<NewSink, 'name'> & Partial<Omit<NewSink, 'resource' | 'after'>>

/** A sink as it is shown. */
export interface Sink {
  readonly id: number
  readonly name: string
  readonly resource: ResourceName
  readonly query: { readonly condition: readonly unknown[] }
  readonly target: SinkTarget
  readonly format: 'row' | 'envelope'
  readonly batch_size: number
  readonly state: SinkState
  readonly created_time: EpochMs
  readonly updated_time: EpochMs
}

/** How far a sink has come. */
export interface SinkStatus {
  readonly name: string
  readonly resource: ResourceName
  readonly state: SinkState
  /** Why it has failed: what is wrong lasts, or the change behind `cursor` is not kept any more. */
  readonly fail_reason: 'refused' | 'behind_too_far' | null
  /** Everything up to this number was confirmed, or is not wanted. */
  readonly cursor: number
  readonly last_sequence_number: number
  readonly lag: number
  /** How long ago the first change got its number that it has still to look at; 0 without any. */
  readonly age_ms: number
  readonly failures: number
  readonly last_error: string | null
  readonly next_attempt_time: EpochMs | null
  readonly delivered: number
  readonly last_delivered: EpochMs | null
}

type Named = { readonly name: string }
type Done = { readonly success: boolean }

/** The methods of sinks; they are for the super token alone. */
export interface SinkMethods {
  readonly sink_create: Typed<NewSink, { readonly id: number }>
  readonly sink_update: Typed<SinkChange, Done>
  readonly sink_delete: Typed<Named, Done>
  readonly sink_read: Typed<Named, Sink>
  readonly sink_list: Typed<object, { readonly sinks: readonly Sink[] }>
  readonly sink_status: Typed<Partial<Named>, { readonly sinks: readonly SinkStatus[] }>
  readonly sink_pause: Typed<Named, Done>
  /** `skip_lost`: behind changes that are not kept any more; else their loss is an error (`behind_too_far`). */
  readonly sink_resume: Typed<Named & { readonly skip_lost?: boolean }, Done & { readonly skipped: number }>
}

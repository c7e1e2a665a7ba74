import type { ConditionOf, OfResource, OneMember, ResourceName, Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['sink']

/** Where a sink's changes go to. */
export type NewSinkTarget = OneMember<Required<Declared['new']['target']>>

/** A sink to be made; what is left out has a default. */
export type NewSink<R extends ResourceName = ResourceName> = OfResource<
  Omit<Declared['new'], 'target'> & { readonly target: NewSinkTarget },
  R
>

/** What of a sink is to change; what is left out stays. */
export type SinkChange = Pick<NewSink, 'name'> &
  Omit<Declared['change'], 'query' | 'target'> & {
    readonly target?: NewSinkTarget
    readonly query?: { readonly condition: readonly ConditionOf<ResourceName>[] }
  }

/** A sink as it is shown, without what is secret. */
export type Sink = OfResource<Declared['shown'], ResourceName>
export type SinkTarget = Sink['target']

/** How far a sink has come. */
export type SinkStatus = (typeof wire)['sinkStatus']

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

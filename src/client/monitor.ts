import type { ConditionOf, OfResource, ResourceName, Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['monitor']

/** A monitor to be made; what is left out has a default. Of the conditions, limit and last mean nothing here. */
export type NewMonitor<R extends ResourceName = ResourceName> = OfResource<Declared['new'], R>

type Named = { readonly name: string; readonly owner?: string }

/** What of a monitor is to change; what is left out stays. */
export type MonitorChange = Named &
  Omit<Declared['change'], 'query'> & {
    readonly query?: { readonly condition: readonly ConditionOf<ResourceName>[] }
  }

/** A monitor as it is shown. */
export type Monitor = OfResource<Declared['shown'], ResourceName>

/** Where a monitor stands, with its newest transitions. */
export type MonitorStatus = (typeof wire)['monitorStatus']

/** The methods of monitors: each token has its own. `owner` is for the super token. */
export interface MonitorMethods {
  readonly monitor_create: Typed<NewMonitor, Monitor>
  readonly monitor_update: Typed<MonitorChange, Monitor>
  readonly monitor_delete: Typed<Named, { readonly success: boolean }>
  readonly monitor_read: Typed<Named, Monitor>
  readonly monitor_list: Typed<object, { readonly monitors: readonly Monitor[] }>
  readonly monitor_status: Typed<Partial<Named>, { readonly monitors: readonly MonitorStatus[] }>
}

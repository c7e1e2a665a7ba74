import type { ConditionOf, OfResource, ResourceName, Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['view']

/** A view to be made; what is left out has a default. Of the conditions, limit and last mean nothing here. */
export type NewView<R extends ResourceName = ResourceName> = OfResource<Declared['new'], R>

type Named = { readonly name: string; readonly owner?: string }

/** What of a view is to change; what is left out stays. */
export type ViewChange = Named &
  Omit<Declared['change'], 'query'> & {
    readonly query?: { readonly condition: readonly ConditionOf<ResourceName>[] }
  }

type Made = OfResource<Declared['shown'], ResourceName>

/** A view as it is read. */
export type View = Made & { readonly is_own: boolean }

/** The methods of views: each token has its own, and reads those that others share. */
export interface ViewMethods {
  readonly view_create: Typed<NewView, Made>
  readonly view_update: Typed<ViewChange, Made>
  readonly view_delete: Typed<Named, { readonly success: boolean }>
  readonly view_read: Typed<Named, View>
  readonly view_list: Typed<{ readonly resource?: ResourceName }, { readonly views: readonly View[] }>
}

import type { Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['event_handler']

/** An event handler to be made; what is left out has a default. */
export type NewHandler = Declared['new']
/** Where a handler's work runs; the secret is `whsec_` and base64. */
export type NewTarget = NewHandler['target']
/** What of a handler is to change; what is left out stays. */
export type HandlerChange = Named & Declared['change']
/** An event handler as it is shown, without the secret of its webhook. */
export type EventHandler = Declared['shown']

type Named = Pick<NewHandler, 'full_name'>

/** The methods of event handlers. */
export interface HandlerMethods {
  readonly 'event-handler_create': Typed<NewHandler, EventHandler>
  readonly 'event-handler_read': Typed<Named, EventHandler>
  readonly 'event-handler_update': Typed<HandlerChange, EventHandler>
  readonly 'event-handler_delete': Typed<Named, { readonly success: boolean }>
  readonly 'event-handler_list': Typed<object, { readonly handlers: readonly EventHandler[] }>
}

import type { EpochMs, Typed } from './resources.ts'

/** Where a handler's work runs; the secret is `whsec_` and base64. */
export type NewTarget =
  | { readonly kind: 'js_worker'; readonly name: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }
  | { readonly kind: 'remote' }
  | { readonly kind: 'local' }

/** An event handler to be made; what is left out has a default. */
export interface NewHandler {
  readonly full_name: string
  /** A name, or the beginning of names and `*`. */
  readonly sender: string
  readonly target: NewTarget
  /** A pattern too. */
  readonly event_type?: string
  readonly retry?: { readonly limit?: number; readonly delay_ms?: number; readonly backoff?: boolean }
  readonly timeout_ms?: number
  readonly concurrency?: number | null
  readonly schedule?: { readonly cron: string; readonly tz?: string } | null
  readonly enabled?: boolean
  readonly description?: string | null
}

/** What of a handler is to change; what is left out stays. */
export type HandlerChange = Pick<NewHandler, 'full_name'> & Partial<NewHandler>

/** An event handler as it is shown. */
export interface EventHandler {
  readonly id: number
  readonly full_name: string
  readonly sender: string
  readonly event_type: string
  /** The secret of a webhook is shown as `***`. */
  readonly target: NewTarget
  readonly retry: { readonly limit: number; readonly delay_ms: number; readonly backoff: boolean }
  readonly timeout_ms: number
  readonly concurrency: number | null
  readonly schedule: { readonly cron: string; readonly tz: string } | null
  readonly enabled: boolean
  readonly description: string | null
  readonly next_fire_time: EpochMs | null
  readonly created_time: EpochMs
  readonly updated_time: EpochMs
}

/** The methods of event handlers. */
export interface HandlerMethods {
  readonly 'event-handler_create': Typed<NewHandler, EventHandler>
  readonly 'event-handler_read': Typed<{ readonly full_name: string }, EventHandler>
  readonly 'event-handler_update': Typed<HandlerChange, EventHandler>
  readonly 'event-handler_delete': Typed<{ readonly full_name: string }, { readonly success: boolean }>
  readonly 'event-handler_list': Typed<object, { readonly handlers: readonly EventHandler[] }>
}

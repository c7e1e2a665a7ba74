import type { Origin } from '../../permission/grant.ts'
import type { Pattern } from '../../permission/pattern.ts'
import type { Schedule } from '../../schedule/cron.ts'

/** Where a handler's work runs. */
export type Target =
  | { readonly kind: 'local' }
  | { readonly kind: 'js_worker'; readonly name: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secrets: readonly string[] }
  | { readonly kind: 'remote' }

export type TargetKind = Target['kind']

/** How often a failed run is tried again. */
export interface Retry {
  /** Failures after which it is tried again. */
  readonly limit: number
  readonly delayMs: number
  /** Whether each further delay is twice the last. */
  readonly backoff: boolean
}

/** A stored definition that says which events it takes and where the work runs. */
export interface Handler {
  readonly id: number
  readonly fullName: string
  readonly sender: Pattern
  readonly eventType: Pattern
  readonly target: Target
  readonly retry: Retry
  readonly timeoutMs: number
  /** Runs at once on all servers; null: as many as the servers take. */
  readonly concurrency: number | null
  readonly schedule: Schedule | null
  readonly enabled: boolean
  readonly description: string | null
  /** Who made it: what its scheduled runs may do. */
  readonly owner: readonly Origin[]
}

/** True when the handler takes events of this sender and type. */
export function takesEvent(handler: Handler, sender: string, eventType: string): boolean {
  return handler.enabled && handler.sender.matches(sender) && handler.eventType.matches(eventType)
}

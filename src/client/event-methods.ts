import type { Chain, NewEvent, SentEvent, StartedLog, Task } from './event.ts'
import type { EventHandler, HandlerChange, NewHandler } from './handler.ts'
import type { EpochMs, EventLogCondition } from './resources.ts'

interface Typed<Params, Result> {
  readonly params: Params
  readonly result: Result
}

/** Records that something is done to. */
interface Affecting {
  readonly query: { readonly condition: readonly EventLogCondition[] }
  readonly dry_run?: boolean
  readonly max_affected?: number
}

interface Affected {
  readonly success: boolean
  readonly condition_count: number
  /** Only in a dry run. */
  readonly would_affect?: number
}

interface Attempt {
  readonly id: number
  readonly attempt: number
}

interface TaskEnd {
  /** `waiting`: it will be tried again. */
  readonly status: 'success' | 'fail' | 'waiting'
}

/** The methods of events, their handlers and their remote workers. */
export interface EventMethods {
  /** Of one event; several have another shape, see sendMany. */
  readonly event_send: Typed<NewEvent & { readonly wait_ms?: number }, SentEvent>
  readonly 'event-log_chain': Typed<
    { readonly request_id: string; readonly node_id?: string; readonly depth?: number },
    Chain
  >
  readonly 'event-log_cancel': Typed<
    Affecting,
    Affected & { readonly cancelled: number; readonly stopping: number }
  >
  readonly 'event-log_replay': Typed<
    Affecting,
    Affected & {
      readonly replayed: number
      readonly skipped: number
      readonly event_logs: readonly StartedLog[]
    }
  >
  readonly 'event-handler_create': Typed<NewHandler, EventHandler>
  readonly 'event-handler_read': Typed<{ readonly full_name: string }, EventHandler>
  readonly 'event-handler_update': Typed<HandlerChange, EventHandler>
  readonly 'event-handler_delete': Typed<{ readonly full_name: string }, { readonly success: boolean }>
  readonly 'event-handler_list': Typed<object, { readonly handlers: readonly EventHandler[] }>
  readonly 'event-task_claim': Typed<
    {
      readonly full_names: readonly string[]
      readonly max?: number
      readonly lease_ms?: number
      readonly wait_ms?: number
      readonly worker?: string
    },
    { readonly tasks: readonly Task[] }
  >
  readonly 'event-task_heartbeat': Typed<
    Attempt & { readonly lease_ms?: number; readonly worker?: string },
    { readonly lease_until: EpochMs; readonly cancelled: boolean }
  >
  readonly 'event-task_complete': Typed<Attempt & { readonly result?: unknown }, TaskEnd>
  readonly 'event-task_fail': Typed<
    Attempt & { readonly error_message: string; readonly retry?: boolean },
    TaskEnd
  >
}

import { within } from '../async/within.ts'
import { type Failure, hasReason } from '../errors.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'

/** Why the server should get no requests now. */
export type NotReady = Extract<
  Failure,
  'stopping' | 'database_unreachable' | 'database_read_only' | 'migrations_pending'
>

/** What readiness depends on: see Database.ping and pendingMigrations. */
export interface HealthProbes {
  ping(): Promise<void>
  pendingMigrations(): Promise<readonly string[]>
}

export interface Health {
  /**
   * Another process takes the connections that come from now on: those that are open are to end after an
   * answer.
   */
  retire(): void
  /** From now on never ready again. */
  stop(): void
  readonly isStopping: boolean
  /** Whether connections are to end after an answer. */
  readonly isLeaving: boolean
  /** Undefined when ready; never rejects. */
  whyNotReady(): Promise<NotReady | undefined>
}

const probeTimeoutMs = 5000

export function createHealth(probes: HealthProbes): Health {
  let isStopping = false
  let isLeaving = false
  return {
    retire() {
      isLeaving = true
    },
    stop() {
      isStopping = true
      isLeaving = true
    },
    get isStopping() {
      return isStopping
    },
    get isLeaving() {
      return isLeaving
    },
    async whyNotReady() {
      if (isStopping) return 'stopping'
      try {
        // Whoever asks it: nobody's load may make the server look dead.
        const state = await within(
          probeTimeoutMs,
          onOwnBehalf(() => stateOf(probes)),
        )
        // A database that hangs must fail the check, not hang it.
        if (state === undefined) return 'database_unreachable'
        return state === 'ready' ? undefined : state
      } catch (error) {
        return hasReason(error, 'database_read_only') ? 'database_read_only' : 'database_unreachable'
      }
    },
  }
}

async function stateOf({ ping, pendingMigrations }: HealthProbes): Promise<NotReady | 'ready'> {
  await ping()
  return (await pendingMigrations()).length === 0 ? 'ready' : 'migrations_pending'
}

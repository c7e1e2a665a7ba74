import type { Origin } from '../permission/grant.ts'
import { scriptBounds } from '../sandbox/sandbox.ts'

/** When a worker is run without being asked; checked before it gets here. */
export interface WorkerSchedule {
  readonly cron: string
  /** An IANA time zone. */
  readonly tz: string
}

/** A stored script and how it may run; null in a limit stands for the default. */
export interface WorkerDefinition {
  readonly name: string
  /** An ES module whose default export holds the entry points. */
  readonly source: string
  readonly description: string | null
  readonly routeName: string | null
  /** Any JSON; its secrets are sealed, see env.ts. */
  readonly env: unknown
  /** Members of the env that a run may replace; null: none. */
  readonly openEnv: readonly string[] | null
  /** Milliseconds that its runtime stays warm. */
  readonly runtimeCleanTime: number | null
  /** Milliseconds. */
  readonly maxRunTime: number | null
  /** Bytes. */
  readonly maxStackSize: number | null
  /** Bytes. */
  readonly maxHeapSize: number | null
  /** The only hosts that its scripts may fetch from; null: none. */
  readonly fetchHosts: readonly string[] | null
  readonly schedule: WorkerSchedule | null
  /** Epoch milliseconds; null without a schedule. */
  readonly nextFireTime: number | null
  /** Everybody who shaped it since its source was last given: its scripts may do what all of them may. */
  readonly owner: readonly Origin[]
}

/** A definition as the database keeps it; times in epoch milliseconds. */
export interface JsWorker extends WorkerDefinition {
  readonly id: number
  readonly createdTime: number
  readonly updatedTime: number
}

/** What a list shows of a worker: neither its source nor its env. */
export type WorkerSummary = Omit<JsWorker, 'source' | 'env' | 'owner'>

/** What stands for null. */
export const defaultLimits = {
  runtimeCleanTime: 60_000,
  maxRunTime: 30_000,
  maxStackSize: 1024 * 1024,
  maxHeapSize: 8 * 1024 * 1024,
} as const

/** The largest values that a worker may have; of stack and heap, what a thread can give. */
export const highestLimits = {
  runtimeCleanTime: 24 * 60 * 60 * 1000,
  maxRunTime: 300_000,
  maxStackSize: scriptBounds.maxStackBytes,
  maxHeapSize: scriptBounds.maxHeapBytes,
} as const

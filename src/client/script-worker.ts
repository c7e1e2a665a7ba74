import type { EpochMs, JsResultRow, Typed } from './resources.ts'

/** What is said of a script worker beside its name and its script; null: none, or the default. */
export interface WorkerOptions {
  /** What it is for. */
  readonly description?: string | null
  /** Publishes onRoute under `/worker-route/{route_name}`. */
  readonly route_name?: string | null
  /** Any JSON; values under a key `secrets` are never shown again. */
  readonly env?: unknown
  /** Milliseconds that a runtime stays warm. */
  readonly runtime_clean_time?: number | null
  /** Milliseconds. */
  readonly max_run_time?: number | null
  /** Bytes. */
  readonly max_stack_size?: number | null
  /** Bytes. */
  readonly max_heap_size?: number | null
  /** The only hosts that the script may fetch from. */
  readonly fetch_hosts?: readonly string[] | null
  /** Runs onCron. */
  readonly schedule?: { readonly cron: string; readonly tz?: string } | null
  /** Members of env that a run may replace. */
  readonly open_env?: readonly string[] | null
}

export interface NewScriptWorker extends WorkerOptions {
  readonly name: string
  /** An ES module in UTF-8, as base64. */
  readonly js_script_base64: string
}

/** What is to change; what is left out stays. */
export type ScriptWorkerChange = Pick<NewScriptWorker, 'name'> & Partial<NewScriptWorker>

/** A script worker as a list shows it. */
export interface ScriptWorkerSummary {
  readonly id: number
  readonly name: string
  readonly description: string | null
  readonly route_name: string | null
  readonly runtime_clean_time: number | null
  readonly max_run_time: number | null
  readonly max_stack_size: number | null
  readonly max_heap_size: number | null
  readonly open_env: readonly string[] | null
  readonly fetch_hosts: readonly string[] | null
  readonly schedule: { readonly cron: string; readonly tz: string } | null
  readonly next_fire_time: EpochMs | null
  readonly create_at: EpochMs
  readonly update_at: EpochMs
}

/** The whole of it; secrets of the env are shown as `***`. */
export interface ScriptWorker extends ScriptWorkerSummary {
  readonly js_script_base64: string
  readonly env: unknown
}

/** The methods of script workers. */
export interface ScriptWorkerMethods {
  readonly 'js-worker_create': Typed<NewScriptWorker, ScriptWorker>
  readonly 'js-worker_read': Typed<{ readonly name: string }, ScriptWorker>
  readonly 'js-worker_update': Typed<ScriptWorkerChange, ScriptWorker & { readonly success: true }>
  readonly 'js-worker_delete': Typed<
    { readonly name: string },
    { readonly success: true; readonly rows_affected: 1 }
  >
  readonly 'js-worker_list': Typed<object, { readonly workers: readonly ScriptWorkerSummary[] }>
  /** Names alone. */
  readonly 'js-worker_list_all_js_worker': Typed<object, readonly string[]>
  readonly 'js-worker_run': Typed<
    {
      readonly js_script_name: string
      /** `call` if absent; cron, route, inline_call and event run that entry point. */
      readonly run_type?: string
      readonly params?: unknown
      /** In place of members of env that the worker declares open. */
      readonly env?: Readonly<Record<string, unknown>> | null
      readonly wait_ms?: number
    },
    /** The whole record with wait_ms, its id alone without. */
    Pick<JsResultRow, 'id'> & Partial<JsResultRow>
  >
}

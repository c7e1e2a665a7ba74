import type { JsResultRow, Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['js_worker']

export type NewScriptWorker = Declared['new']

/** What is said of a script worker beside its name and its script; null: none, or the default. */
export type WorkerOptions = Omit<NewScriptWorker, 'name' | 'js_script_base64'>

/** What is to change; what is left out stays. */
export type ScriptWorkerChange = Pick<NewScriptWorker, 'name'> & Declared['change']

/** The whole of it; secrets of the env are shown as `***`. */
export type ScriptWorker = Declared['shown']

/** A script worker as a list shows it. */
export type ScriptWorkerSummary = Omit<ScriptWorker, 'js_script_base64' | 'env'>

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

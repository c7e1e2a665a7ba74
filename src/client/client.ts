import { stringifyJson } from '../json.ts'
import { createEventClient, type EventClient } from './event-client.ts'
import { getBytes, urlBeside } from './get.ts'
import type {
  Call,
  Deletion,
  Facet,
  ImportCounts,
  Page,
  ResultOf,
  RunEnd,
  Statistics,
  StatisticsOptions,
} from './methods.ts'
import type {
  AppendedName,
  ConditionOf,
  FacetField,
  NewRow,
  ResourceName,
  Row,
  RunName,
  ShownRow,
} from './resources.ts'
import {
  type Changes,
  type Streamed,
  type StreamFormat,
  type SubscribeOptions,
  subscribe,
} from './subscribe.ts'
import { createTokenClient, type TokenClient } from './token-client.ts'
import { type Connection, createTransport } from './transport.ts'

export { DaybookConnectionError, DaybookError } from './error.ts'
export type * from './event.ts'
export type { EventClient } from './event-client.ts'
export type { EventHandler, HandlerChange, NewHandler, NewTarget } from './handler.ts'
export { type TaskContext, TaskFailure, type Work } from './held-task.ts'

export type {
  Call,
  CallOptions,
  Deletion,
  Facet,
  ImportCounts,
  ParamsOf,
  ResultOf,
  RunEnd,
  Statistics,
  StatisticsOptions,
} from './methods.ts'

export type { Monitor, MonitorChange, MonitorStatus, NewMonitor } from './monitor.ts'

export type * from './resources.ts'
export type { NewRetentionRule, RetentionRule } from './retention.ts'
export type * from './script-worker.ts'
export type { NewSink, NewSinkTarget, Sink, SinkChange, SinkStatus, SinkTarget } from './sink.ts'
export type { Change, Changes, Streamed, StreamFormat, SubscribeOptions } from './subscribe.ts'
export type { Limit, NewToken, TokenInfo } from './token.ts'
export type { TokenClient } from './token-client.ts'
export type { NewView, View, ViewChange } from './view.ts'
export type { Worker, WorkerSettings } from './worker.ts'

export interface ClientOptions {
  /** Where the server takes JSON-RPC, e.g. `http://127.0.0.1:7411`. */
  readonly url: string
  /** `key:secret`, `username|password` or a JWT. */
  readonly token?: string | undefined
  readonly fetch?: typeof fetch
  /** The longest wait for one answer; 30 seconds if absent. */
  readonly timeoutMs?: number | undefined
}

export interface DeleteOptions {
  /** Deletes nothing and says how many records it would delete. */
  readonly dryRun?: boolean | undefined
  /** Deletes nothing (error 108) if more records than this are found. */
  readonly maxAffected?: number | undefined
}

export interface PageOptions<R extends ResourceName, F extends keyof ShownRow<R>> {
  readonly order?: 'newest' | 'oldest'
  /** Rows of one request, at most 1000; the server takes 100 if absent. */
  readonly pageSize?: number
  /** The members to return, also `state`, `duration_ms` and `error_first_line`; the fields of the record if absent. */
  readonly fields?: readonly F[]
}

export interface FacetOptions<R extends ResourceName> {
  readonly field: FacetField<R>
  /** Only values that begin with it. */
  readonly prefix?: string | undefined
  /** Values in the answer, at most 100; 20 if absent. */
  readonly limit?: number | undefined
}

export interface ExportOptions {
  /** `ndjson` if absent. */
  readonly format?: 'ndjson' | 'csv'
  /** Start CSV with a byte order mark, so that spreadsheets read it as UTF-8. */
  readonly bom?: boolean | undefined
  /** Only records with a greater key: resumes an export that was cut off. */
  readonly after?: number | undefined
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal
}

/**
 * A Daybook server as seen by a program. Everything throws DaybookError when the server refuses, and
 * DaybookConnectionError when no answer comes. A number that a double cannot hold is `{ rawJSON: text }`.
 */
export interface Client extends EventClient {
  readonly call: Call
  /** The records that fulfil all conditions, newest first; without a limit the newest 1000. */
  query<R extends ResourceName>(resource: R, condition: readonly ConditionOf<R>[]): Promise<readonly Row<R>[]>
  count<R extends ResourceName>(resource: R, condition: readonly ConditionOf<R>[]): Promise<number>
  /** One whole record by its key. Throws DaybookError 105 when it is not there or may not be read. */
  get<R extends ResourceName>(resource: R, id: number): Promise<Row<R>>
  /** The values of a field among the records that fulfil all conditions, with their counts. */
  facet<R extends ResourceName>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options: FacetOptions<R>,
  ): Promise<Facet>
  /** How many records fulfil all conditions, by field, by time and by state. */
  stats<R extends ResourceName>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options?: StatisticsOptions<R>,
  ): Promise<Statistics>
  delete<R extends ResourceName>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options?: DeleteOptions,
  ): Promise<Deletion>
  /** Adds 1 to 1000 records; resolves to their ids, in order. */
  append<R extends AppendedName>(resource: R, rows: readonly NewRow<R>[]): Promise<readonly number[]>
  /**
   * Every record that fulfils all conditions, oldest first, as the bytes of NDJSON or CSV; with a limit, the newest ones.
   * Throws DaybookConnectionError when it is cut off.
   */
  export<R extends ResourceName>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options?: ExportOptions,
  ): AsyncGenerator<Uint8Array, void, undefined>
  /** Imports 1 to 1000 exported records under their ids; for the super token alone. */
  import<R extends ResourceName>(resource: R, rows: readonly Row<R>[]): Promise<ImportCounts>
  /** Ends a run; resolves to false if it had already ended. */
  finish(resource: RunName, id: number, end: RunEnd): Promise<boolean>
  /** All records that fulfil the conditions, page by page: `for await (const row of client.page(…))`. */
  page<R extends ResourceName, F extends keyof ShownRow<R> = keyof Row<R>>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options?: PageOptions<R, F>,
  ): AsyncGenerator<Pick<ShownRow<R>, F>, void, undefined>
  /**
   * The records that fulfil all conditions as they are added and change: `for await (const { row } of client.subscribe(…))`.
   * Reconnects and misses nothing. `limit` and `last` have no meaning here.
   */
  subscribe<R extends ResourceName, F extends StreamFormat = 'row'>(
    resource: R,
    condition: readonly ConditionOf<R>[],
    options?: SubscribeOptions<F>,
  ): Changes<Streamed<R, F>>
  readonly tokens: TokenClient
}

/** A client of the server at `options.url`. It holds nothing open between calls. */
export function createClient(options: ClientOptions): Client {
  const { url, token, timeoutMs = 30_000 } = options
  const connection = { url, token, timeoutMs, fetch: options.fetch ?? fetch }
  const send = createTransport(connection)
  // The types of results follow from the server's schemas.
  const call: Call = (method, params, callOptions) => {
    const presented = token === undefined ? params : { token, ...params }
    return send(method, presented, callOptions) as Promise<ResultOf<typeof method>>
  }
  const ask = <T>(method: string, params: object): Promise<T> => call(method, params) as Promise<T>
  return {
    call,
    query: (resource, condition) => ask(`${resource}_query`, { query: { condition } }),
    count: async (resource, condition) =>
      (await ask<{ count: number }>(`${resource}_count`, { query: { condition } })).count,
    get: (resource, id) => ask(`${resource}_get`, { id }),
    facet: (resource, condition, { field, prefix, limit }) =>
      ask(`${resource}_facet`, { query: { condition }, field, prefix, limit }),
    stats: (resource, condition, options) => ask(`${resource}_stats`, { query: { condition }, ...options }),
    delete: (resource, condition, { dryRun, maxAffected } = {}) =>
      ask(`${resource}_delete`, { query: { condition }, dry_run: dryRun, max_affected: maxAffected }),
    append: async (resource, rows) =>
      (await ask<{ ids: readonly number[] }>(`${resource}_append`, { rows })).ids,
    export: (resource, condition, exportOptions) =>
      exportBytes(connection, { resource, condition }, exportOptions),
    import: (resource, rows) => ask(`${resource}_import`, { rows }),
    finish: async (resource, id, end) =>
      (await ask<{ updated: number }>(`${resource}_finish`, { id, ...end })).updated > 0,
    page: (resource, condition, pageOptions) => {
      const params = pageParams(condition, pageOptions)
      return rowsOfPages(after =>
        ask(`${resource}_page`, after === undefined ? params : { ...params, after }),
      )
    },
    subscribe: (resource, condition, subscribeOptions) =>
      subscribe(connection, { resource, condition }, subscribeOptions),
    ...createEventClient(call, timeoutMs),
    tokens: createTokenClient(call, token),
  }
}

function pageParams<R extends ResourceName, F extends keyof ShownRow<R>>(
  condition: readonly unknown[],
  { order, pageSize, fields }: PageOptions<R, F> = {},
): object {
  return {
    query: { condition: pageSize === undefined ? condition : [...condition, { limit: pageSize }] },
    order,
    fields,
  }
}

/** The bytes of an export, as `getBytes` gives them. */
function exportBytes(
  connection: Connection,
  asked: { readonly resource: string; readonly condition: readonly unknown[] },
  { format, after, bom, signal }: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const url = urlBeside(connection, `/export/${encodeURIComponent(asked.resource)}`)
  url.searchParams.set('condition', stringifyJson(asked.condition))
  if (format !== undefined) url.searchParams.set('format', format)
  if (bom === true) url.searchParams.set('bom', 'true')
  if (after !== undefined) url.searchParams.set('after', String(after))
  return getBytes(url, connection, { expected: 'an export', signal })
}

/** The rows of all pages; a page is requested only when its first row is needed. */
async function* rowsOfPages<Row>(
  fetchPage: (after: string | undefined) => Promise<Page<Row>>,
): AsyncGenerator<Row, void, undefined> {
  let after: string | undefined
  while (true) {
    const page = await fetchPage(after)
    yield* page.rows
    if (page.next === null) return
    after = page.next
  }
}

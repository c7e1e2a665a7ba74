import type { NewEvent, SentEvent } from './event.ts'
import type { HandlerMethods } from './handler.ts'
import type { MonitorMethods } from './monitor.ts'
import type {
  AppendedName,
  ConditionOf,
  EpochMs,
  FacetField,
  ImportedName,
  MadeMembers,
  NewRow,
  ResourceName,
  Row,
  RunName,
  ShownRow,
  TimeField,
  Typed,
} from './resources.ts'
import type { RetentionMethods } from './retention.ts'
import type { ScriptWorkerMethods } from './script-worker.ts'
import type { SinkMethods } from './sink.ts'
import type { Limit, NewToken, TokenInfo } from './token.ts'
import type { ViewMethods } from './view.ts'
import type { wire } from './wire.ts'

interface Query<R extends ResourceName> {
  readonly condition: readonly ConditionOf<R>[]
}

export interface Deletion {
  readonly success: boolean
  readonly deleted: number
  readonly condition_count: number
  /** Only in a dry run: how many records the same call would delete. */
  readonly would_delete?: number
}

export interface ImportCounts {
  readonly imported: number
  /** Records that were already there with the same content. */
  readonly skipped: number
}

/** How an open run ended; `finish_time` is now if absent. */
export type RunEnd = { readonly finish_time?: EpochMs } & (
  | { readonly result: unknown }
  | { readonly error_message: string }
)

export interface PageParams<R extends ResourceName> {
  readonly query: Query<R>
  readonly after?: string
  readonly order?: 'newest' | 'oldest'
  readonly fields?: readonly (keyof ShownRow<R>)[]
  readonly count?: 'none' | 'exact' | 'estimate'
}

export interface FacetParams<R extends ResourceName> {
  readonly query: Query<R>
  readonly field: FacetField<R>
  readonly prefix?: string | undefined
  readonly limit?: number | undefined
}

export interface StatisticsOptions<R extends ResourceName> {
  /** At most two; one group of all records if absent. */
  readonly group_by?: readonly FacetField<R>[] | undefined
  readonly bucket?:
    | {
        /** Milliseconds, from a day on whole days; `auto` goes by the time asked for. */
        readonly ms: number | 'auto'
        /** The time that newest first goes by if absent. */
        readonly field?: TimeField<R> | undefined
        /** By whose clock days begin, e.g. `Europe/Berlin`; UTC if absent. */
        readonly time_zone?: string | undefined
      }
    | undefined
  /** Groups in the answer, at most 100; 20 if absent. */
  readonly top?: number | undefined
  /** From 0 to 1, of the duration; only of resources that have one. */
  readonly percentiles?: readonly number[] | undefined
}

/** The values of a field, the most frequent first; `truncated`: there are more. */
export interface Facet {
  readonly values: readonly { readonly value: string | null; readonly count: number }[]
  readonly truncated: boolean
}

export interface StatisticsParams<R extends ResourceName> extends StatisticsOptions<R> {
  readonly query: Query<R>
}

/** The answer of `X_stats`. */
export type Statistics = (typeof wire)['statistics']

/** The answer of `X_page`. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The cursor of the next page, null at the end. */
  readonly next: string | null
}

/** The methods of records. */
type RecordMethods = {
  readonly [R in ResourceName as `${R}_query`]: Typed<{ query: Query<R> }, readonly Row<R>[]>
} & {
  readonly [R in ResourceName as `${R}_page`]: Typed<
    PageParams<R>,
    Page<Row<R> & Partial<MadeMembers>> & { readonly count?: number }
  >
} & {
  readonly [R in ResourceName as `${R}_count`]: Typed<{ query: Query<R> }, { readonly count: number }>
} & { readonly [R in ResourceName as `${R}_get`]: Typed<{ id: number }, Row<R>> } & {
  readonly [R in ResourceName as `${R}_facet`]: Typed<FacetParams<R>, Facet>
} & {
  readonly [R in ResourceName as `${R}_stats`]: Typed<StatisticsParams<R>, Statistics>
} & {
  readonly [R in ResourceName as `${R}_delete`]: Typed<
    { query: Query<R>; dry_run?: boolean | undefined; max_affected?: number | undefined },
    Deletion
  >
} & { readonly [R in ImportedName as `${R}_import`]: Typed<{ rows: readonly Row<R>[] }, ImportCounts> } & {
  readonly [R in AppendedName as `${R}_append`]: Typed<
    { rows: readonly NewRow<R>[] },
    { readonly ids: readonly number[] }
  >
} & {
  readonly [R in RunName as `${R}_finish`]: Typed<{ id: number } & RunEnd, { readonly updated: number }>
}

interface KeyAndSecret {
  readonly key: string
  readonly secret: string
}

interface TokenMethods {
  readonly token_create: Typed<{ token_creation: NewToken }, KeyAndSecret>
  readonly token_get: Typed<{ token?: string; supertoken?: string }, TokenInfo>
  readonly token_edit: Typed<
    { target_token: string; limit: readonly Limit[] },
    { readonly success: boolean; readonly id: number; readonly token_key: string }
  >
  readonly token_delete: Typed<
    { target_token: string },
    {
      readonly message: string
      readonly rows_affected: number
      readonly matched_by: 'token_key' | 'username'
    }
  >
  readonly token_list_all_tokens: Typed<object, { readonly tokens: readonly TokenInfo[] }>
  readonly token_roll_token_secret: Typed<{ target_token: string }, KeyAndSecret>
  readonly token_change_password: Typed<
    { target_token: string; new_password: string },
    { readonly success: boolean; readonly message: string }
  >
  readonly token_issue: Typed<
    { ttl_ms: number; token_limit?: readonly Limit[] },
    { readonly jwt: string; readonly expires_at: EpochMs }
  >
  readonly token_explain: Typed<
    { scope: unknown; permission: unknown; target_token?: string | undefined },
    { readonly allowed: boolean; readonly limit_index: number | null; readonly because: string }
  >
}

/** For a browser's EventSource, which cannot send headers: it opens `/stream?ticket=…`. */
interface StreamMethods {
  readonly stream_ticket: Typed<
    {
      readonly [R in ResourceName]: {
        resource: R
        query?: Query<R>
        after?: string | number
        format?: 'row' | 'envelope'
      }
    }[ResourceName],
    { readonly ticket: string; readonly expires_at: EpochMs }
  >
}

type Declared = (typeof wire)['methods']

/** The methods whose types are those of the server's schemas, but for conditions and for several events in one call. */
type Served = Omit<Declared, 'event_send' | 'event-log_cancel' | 'event-log_replay'> & {
  /** Of one event; several have another shape, see sendMany. */
  readonly event_send: Typed<NewEvent & { readonly wait_ms?: number | undefined }, SentEvent>
} & {
  readonly [M in 'event-log_cancel' | 'event-log_replay']: Typed<
    Omit<Declared[M]['params'], 'query'> & { readonly query: Query<'event-log'> },
    Declared[M]['result']
  >
}

/** Every method whose parameters and result are typed. */
export type Methods = RecordMethods &
  StreamMethods &
  TokenMethods &
  Served &
  HandlerMethods &
  SinkMethods &
  MonitorMethods &
  ViewMethods &
  RetentionMethods &
  ScriptWorkerMethods

/** The parameters of a method beside the credential; any object for a method that is not in `Methods`. */
export type ParamsOf<M extends string> = M extends keyof Methods ? Methods[M]['params'] : object

export type ResultOf<M extends string> = M extends keyof Methods ? Methods[M]['result'] : unknown

export interface CallOptions {
  /** The longest wait for this answer; the client's own if absent. */
  readonly timeoutMs?: number
  /** Gives the answer up when it is aborted: the call rejects, what it does on the server may go on. */
  readonly signal?: AbortSignal | undefined
}

/** Calls any method with the credential added; resolves to its result. */
export type Call = <M extends string>(
  method: M,
  params: ParamsOf<M>,
  options?: CallOptions,
) => Promise<ResultOf<M>>

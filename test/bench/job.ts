/** How much of a load is measured: a time after a warm-up, or a fixed number of requests from first to last. */
export type Extent = { readonly warmupMs: number; readonly measureMs: number } | { readonly amount: number }

/** JSON-RPC requests over HTTP; each connection sends its share of `bodies` over and over. */
export interface HttpJob {
  readonly kind: 'http'
  readonly url: string
  readonly connections: number
  readonly bodies: readonly string[]
  readonly extent: Extent
  /** Whether results or errors are what it expects. */
  readonly expects: 'result' | 'error'
  readonly serverPid: number
  readonly postgresPid: number
}

/** Batches of rows by COPY, straight to PostgreSQL. */
export interface CopyJob {
  readonly kind: 'copy'
  readonly databaseUrl: string
  readonly connections: number
  /** In the text format of COPY; sent over and over. */
  readonly batches: readonly string[]
  /** Batches in all. */
  readonly amount: number
  /** 1: each batch is a statement and a transaction of its own. */
  readonly batchesPerStatement: number
  readonly postgresPid: number
}

/** Events that are sent by HTTP, until all have been run. */
export interface EventJob {
  readonly kind: 'event'
  readonly http: HttpJob
  readonly databaseUrl: string
}

/** Jobs that are added to a queue in the process that makes the load, and run there. */
export interface QueueJob {
  readonly kind: 'queue'
  readonly library: 'graphile-worker' | 'pg-boss'
  readonly databaseUrl: string
  /** Added at the same time. */
  readonly connections: number
  readonly amount: number
  readonly postgresPid: number
}

/** Rows that are appended at an even pace, and those to whom they are pushed over WebSockets. */
export interface StreamJob {
  readonly kind: 'stream'
  readonly url: string
  /** The subscribe requests of each connection. */
  readonly subscribes: readonly (readonly string[])[]
  /** Connections that ask like the first one, and never read. */
  readonly silent: number
  /** Append requests, sent one each `intervalMs`, over and over; `sentPlace` in them becomes the moment of sending. */
  readonly bodies: readonly string[]
  readonly intervalMs: number
  readonly warmupMs: number
  readonly measureMs: number
  readonly serverPid: number
  readonly postgresPid: number
}

/** Stands where the epoch milliseconds of the sending are to be. */
export const sentPlace = 1111111111111

export type Job = HttpJob | CopyJob | EventJob | QueueJob | StreamJob

/** CPU time in microseconds that was used while the load was measured. */
export interface CpuTime {
  /** Undefined where no server stands between the load and PostgreSQL. */
  readonly server: number | undefined
  readonly postgres: number
  /** Of the process that makes the load. */
  readonly load: number
}

export interface Measurement {
  /** Requests answered, or batches copied. */
  readonly count: number
  readonly seconds: number
  /** Percentiles of how long each took, milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly cpu: CpuTime
  /** Answers that were not HTTP 2xx with a JSON-RPC result, and lost or timed out requests; warm-up included. */
  readonly errors: number
  /** What the first wrong answer was. */
  readonly firstError: string | undefined
}

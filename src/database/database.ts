import type { Kysely } from 'kysely'
import type { RowTaker } from './byte-query.ts'
import type { Schema } from './schema.ts'
import type { Statement } from './statement.ts'

export type Engine = 'postgres' | 'pglite'

/**
 * Rows as arrays of column values, in the order of the statement's columns. An int8 is a number, beyond 2^53 its
 * text; a timestamptz is a Date; json and jsonb are text (Kysely gives them parsed); bytea is a Buffer.
 */
export interface Result {
  readonly rows: readonly (readonly unknown[])[]
  /** Rows inserted, updated or deleted by the outermost command. */
  readonly affected: number
}

/** Runs SQL, either in the open (each statement its own transaction) or inside one transaction. */
export interface Runner {
  /** For what is asked rarely; the hot path uses `run`. Never call `kysely.transaction()`: use Database.transaction. */
  readonly kysely: Kysely<Schema>
  /** Runs a compiled statement; `values[i]` goes to the places that were compiled from `new Slot(i)`. */
  run(statement: Statement, values: readonly unknown[]): Promise<Result>
}

export interface PoolStats {
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

/** Statements that only read. */
export interface Reads extends Pick<Runner, 'run'> {
  /**
   * The same for rows that are taken as bytes; absent where they only come as values. `isSmall`: whether one index range
   * serves it and little comes of it.
   */
  take?(statement: Statement, values: readonly unknown[], rows: RowTaker, isSmall: boolean): Promise<void>
  /** Begins reads that belong together, such as the pages of a walk; absent where there is no replica. */
  together?(onPrimary: boolean): Reading
}

/** Reads of which none sees an older state than the one before: once one was read from the primary, all are. */
export interface Reading extends Pick<Runner, 'run'> {
  readonly isOnPrimary: boolean
}

export interface ReplicaState {
  readonly isUsed: boolean
  /** How far it is behind at most, in milliseconds; Infinity: nothing is known. */
  readonly lagMs: number
}

export interface TransactionOptions {
  /** Its statements may take any time: no limit ends them. */
  readonly isLong?: boolean
}

/** One database, whichever engine carries it. `close` ends everything that `openDatabase` opened. */
export interface Database extends Runner {
  readonly engine: Engine
  /**
   * The same, for statements that only read: from a replica where one is configured, follows closely and has what
   * whoever asks was told here, else from this database.
   */
  readonly read: Reads
  /** Absent where there is no replica. */
  replica?(): ReplicaState
  transaction<T>(work: (runner: Runner) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Runs what may not stand in a transaction, such as `create index concurrently`; it may take any time. */
  command(sql: string): Promise<void>
  /**
   * Calls `wake` after each NOTIFY on `channel`, and after each time the listening connection had to be
   * opened again (a notification may have been missed). Resolves to a function that ends it.
   */
  listen(channel: string, wake: () => void): Promise<() => Promise<void>>
  /**
   * For what a notification that was missed would have told: calls `told` each second with what the SQL expression `question`
   * is. All such questions are one statement. Returns what ends it.
   */
  everySecond(question: string, told: (answer: unknown) => void): () => void
  /** Throws RpcError when the database does not answer, or takes no writes (reason `database_read_only`). */
  ping(): Promise<void>
  stats(): PoolStats
  close(): Promise<void>
}

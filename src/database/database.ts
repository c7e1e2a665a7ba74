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
  /** Begins reads that belong together, such as pages; absent where there is no replica. */
  together?(onPrimary: boolean): Reading
}

/** Reads that never go back in time: after one from the primary, all are. */
export interface Reading extends Pick<Runner, 'run'> {
  readonly isOnPrimary: boolean
}

export interface ReplicaState {
  readonly isUsed: boolean
  /** How far it is behind at most, in milliseconds; Infinity when nothing is known. */
  readonly lagMs: number
}

export interface TransactionOptions {
  /** Its statements have no time limit. */
  readonly isLong?: boolean
}

/** One database, whichever engine carries it. `close` ends everything that `openDatabase` opened. */
export interface Database extends Runner {
  readonly engine: Engine
  /**
   * The same, for statements that only read. They go to a replica if there is one, it follows closely, and it has
   * everything that the caller was told here; else to this database.
   */
  readonly read: Reads
  /** Absent where there is no replica. */
  replica?(): ReplicaState
  transaction<T>(work: (runner: Runner) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Runs what cannot run in a transaction, such as `create index concurrently`, without a time limit. */
  command(sql: string): Promise<void>
  /**
   * Calls `wake` after each NOTIFY on `channel`, and after each time the listening connection had to be
   * opened again (a notification may have been missed). Resolves to a function that ends it.
   */
  listen(channel: string, wake: () => void): Promise<() => Promise<void>>
  /**
   * Finds what a missed notification would have told: calls `told` each second with the value of the SQL expression
   * `question`. All such questions are asked in one statement. Returns what ends it.
   */
  everySecond(question: string, told: (answer: unknown) => void): () => void
  /** Throws RpcError when the database does not answer, or takes no writes (reason `database_read_only`). */
  ping(): Promise<void>
  stats(): PoolStats
  close(): Promise<void>
}

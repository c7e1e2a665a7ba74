import type { Kysely } from 'kysely'
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

/** One database, whichever engine carries it. `close` ends everything that `openDatabase` opened. */
export interface Database extends Runner {
  readonly engine: Engine
  /** The same, for statements that only read: a replica where one is configured, else this database. */
  readonly read: Pick<Runner, 'run'>
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T>
  /**
   * Calls `wake` after each NOTIFY on `channel`, and after each time the listening connection had to be
   * opened again (a notification may have been missed). Resolves to a function that ends it.
   */
  listen(channel: string, wake: () => void): Promise<() => Promise<void>>
  /** Throws when the database does not answer. */
  ping(): Promise<void>
  stats(): PoolStats
  close(): Promise<void>
}

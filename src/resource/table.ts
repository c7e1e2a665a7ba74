import type { Kysely } from 'kysely'
import type { AnyTables } from '../condition/compile.ts'
import type { Database, Reads, Runner } from '../database/database.ts'
import type { StatementCache } from '../database/statement-cache.ts'
import type { Resource } from './resource.ts'

/** What the statements of a resource are built, kept and run with. */
export interface Table {
  readonly resource: Resource
  readonly builder: Kysely<AnyTables>
  readonly cache: StatementCache
  readonly runner: Pick<Runner, 'run'>
}

/** The same for reads alone. */
export interface Reader extends Table {
  readonly runner: Pick<Reads, 'run' | 'take'>
  /** Bytes that the rows of one answer may take; default 16 MiB. */
  readonly maxBytes?: number | undefined
}

/** Reads that belong together, such as the pages of a walk: none sees an older state than the one before. */
export interface Walker extends Reader {
  /** Whether a walk that goes on elsewhere has to go on at the primary, since the replica may be older. */
  wasOnPrimary(): boolean
}

export interface TableOptions {
  readonly database: Database
  readonly cache: StatementCache
  /** See Reader. */
  readonly maxAnswerBytes?: number | undefined
}

/** Runs statements of the resource where they may write. */
export function tableOf(
  resource: Resource,
  { database, cache }: Pick<TableOptions, 'database' | 'cache'>,
  runner: Pick<Runner, 'run'> = database,
): Table {
  return { resource, cache, builder: database.kysely as unknown as Kysely<AnyTables>, runner }
}

/** Runs statements of the resource where reads go. */
export function readerOf(resource: Resource, options: TableOptions): Reader {
  const { database, maxAnswerBytes } = options
  return { ...tableOf(resource, options), runner: database.read, maxBytes: maxAnswerBytes }
}

/** Begins reads that belong together; `onPrimary`: the ones before were read there. */
export function walkerOf(reader: Reader, { read }: Database, onPrimary = false): Walker {
  const reading = read.together?.(onPrimary)
  if (reading === undefined) return { ...reader, wasOnPrimary: () => false }
  return { ...reader, runner: reading, wasOnPrimary: () => reading.isOnPrimary }
}

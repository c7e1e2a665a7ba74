import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import type { AnyTables } from '../../condition/compile.ts'
import { conditionSchema } from '../../condition/condition-schema.ts'
import { type Plan, planConditions } from '../../condition/plan.ts'
import type { Database } from '../../database/database.ts'
import type { StatementCache } from '../../database/statement-cache.ts'
import type { Resource } from '../../resource/resource.ts'
import type { Reader } from '../../resource/select/read.ts'

export type RowsVerb = 'returned' | 'deleted' | 'appended'

/** What the methods of a resource need. */
export interface LogMethodDeps {
  readonly database: Database
  readonly cache: StatementCache
  readonly clock: Clock
  readonly maxConditions: number
  /** Bytes that the rows of one answer may take; see Reader. */
  readonly maxAnswerBytes?: number | undefined
  /** Ids to a range of a table; see makeRoom. */
  readonly partitionRows?: number | undefined
  /** Told of the rows that a call returned, deleted or appended. */
  readonly onRows: (resource: string, verb: RowsVerb, count: number) => void
}

/** Runs the resource's statements where they may write. */
export function writerOf(resource: Resource, { database, cache, maxAnswerBytes }: LogMethodDeps): Reader {
  return { resource, cache, builder: builderOf(database), runner: database, maxBytes: maxAnswerBytes }
}

/** Runs the resource's statements where reads go. */
export function readerOf(resource: Resource, deps: LogMethodDeps): Reader {
  return { ...writerOf(resource, deps), runner: deps.database.read }
}

/** The same for reads of which none may see an older state than the one before, such as the pages of a walk. */
export function walkerOf(reader: Reader, { read }: Database, onPrimary = false): Walker {
  const reading = read.together?.(onPrimary)
  if (reading === undefined) return { ...reader, wasOnPrimary: () => false }
  return { ...reader, runner: reading, wasOnPrimary: () => reading.isOnPrimary }
}

export interface Walker extends Reader {
  /** Whether a walk that goes on elsewhere has to go on at the primary, since the replica may be older. */
  wasOnPrimary(): boolean
}

function builderOf({ kysely }: Database): Kysely<AnyTables> {
  return kysely as unknown as Kysely<AnyTables>
}

/**
 * `{condition: […]}` of one resource; the elements are read by `planQuery`, which knows their paths. `allowAll`:
 * whether `all` means something.
 */
export function querySchema(
  resource: Resource,
  allowAll = false,
): z.ZodObject<{ condition: z.ZodArray<z.ZodUnknown> }> {
  const condition = z.unknown().meta(conditionSchema(resource.language, allowAll))
  return z
    .strictObject({ condition: z.array(condition).describe('All hold together') })
    .meta({ title: `${resource.name} ${allowAll ? 'delete query' : 'query'}` })
}

export interface Query {
  readonly condition: readonly unknown[]
}

/** A query that chooses rows alone, without limit or last. Throws RpcError -32602 with the path of the fault. */
export function planFilters(
  resource: Resource,
  query: Query,
  deps: Pick<LogMethodDeps, 'maxConditions'>,
  path = 'query.condition',
): Plan {
  const { maxConditions } = deps
  const { language } = resource
  return planConditions(query.condition, {
    language,
    path,
    maxConditions,
    allowAll: false,
    filtersOnly: true,
  })
}

/** Throws RpcError -32602 with the path of the fault. */
export function planQuery(resource: Resource, query: Query, deps: LogMethodDeps, allowAll = false): Plan {
  const { language } = resource
  return planConditions(query.condition, {
    language,
    path: 'query.condition',
    maxConditions: deps.maxConditions,
    allowAll,
  })
}

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Result, Runner } from './database.ts'
import type { Schema } from './schema.ts'
import type { Statement } from './statement.ts'

/** Rows as objects, for Kysely. */
export interface ObjectRows {
  readonly rows: Record<string, unknown>[]
  readonly affected: number
}

/** What an engine offers, in the open or inside one transaction. Both throw RpcErrors. */
export interface Executor {
  run(statement: Statement, values: readonly unknown[]): Promise<Result>
  /** Without parameters `sql` may hold several statements; the rows are those of the last. */
  execute(sql: string, parameters: readonly unknown[]): Promise<ObjectRows>
}

/** A Runner over an executor; its Kysely is made when first asked for. */
export function createRunner(executor: Executor): Runner {
  let kysely: Kysely<Schema> | undefined
  return {
    run: executor.run,
    get kysely() {
      kysely ??= createKysely(executor)
      return kysely
    },
  }
}

/** An executor that runs each statement within `around`. */
export function wrapExecutor(
  { run, execute }: Executor,
  around: <T>(work: () => Promise<T>) => Promise<T>,
): Executor {
  return {
    run: (statement, values) => around(() => run(statement, values)),
    execute: (sql, parameters) => around(() => execute(sql, parameters)),
  }
}

/** Lets `work` use an executor until it settles; a query that comes later is the program's fault and throws. */
export async function runWithin<T>(executor: Executor, work: (runner: Runner) => Promise<T>): Promise<T> {
  let open = true
  const requireOpen = (): void => {
    if (!open) throw new Error('a query came after its transaction had ended')
  }
  const guarded: Executor = {
    async run(statement, values) {
      requireOpen()
      return executor.run(statement, values)
    },
    async execute(sql, parameters) {
      requireOpen()
      return executor.execute(sql, parameters)
    },
  }
  try {
    return await work(createRunner(guarded))
  } finally {
    open = false
  }
}

/**
 * Kysely's own dialects would let `kysely.transaction()` through: on PGlite, whose one connection everybody
 * shares, that would pull other callers' queries into the transaction. Here it throws.
 */
function createKysely(executor: Executor): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => createDriver(executor),
      createIntrospector: kysely => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

function createDriver(executor: Executor): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, affected } = await executor.execute(sql, parameters)
      return { rows: rows as R[], numAffectedRows: BigInt(affected) }
    },
    // biome-ignore lint/correctness/useYield: it only refuses
    async *streamQuery() {
      throw new Error('streaming is not supported')
    },
  }
  const refuse = async (): Promise<never> => {
    throw new Error('use Database.transaction instead of kysely.transaction')
  }
  const nothing = async (): Promise<void> => undefined
  return {
    init: nothing,
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: nothing,
    destroy: nothing,
  }
}

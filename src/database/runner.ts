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
export interface Session {
  run(statement: Statement, values: readonly unknown[]): Promise<Result>
  /** Without parameters `sql` may hold several statements; the rows are those of the last. */
  execute(sql: string, parameters: readonly unknown[]): Promise<ObjectRows>
}

/** A Runner over a session; its Kysely is made when first asked for. */
export function createRunner(session: Session): Runner {
  let kysely: Kysely<Schema> | undefined
  return {
    run: session.run,
    get kysely() {
      kysely ??= createKysely(session)
      return kysely
    },
  }
}

/** Lets `work` use a session until it settles; a query that comes later is the program's fault and throws. */
export async function runWithin<T>(session: Session, work: (runner: Runner) => Promise<T>): Promise<T> {
  let open = true
  const requireOpen = (): void => {
    if (!open) throw new Error('a query came after its transaction had ended')
  }
  const guarded: Session = {
    async run(statement, values) {
      requireOpen()
      return session.run(statement, values)
    },
    async execute(sql, parameters) {
      requireOpen()
      return session.execute(sql, parameters)
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
function createKysely(session: Session): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => createDriver(session),
      createIntrospector: kysely => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

function createDriver(session: Session): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, affected } = await session.execute(sql, parameters)
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

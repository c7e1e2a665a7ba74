import type { PoolClient, QueryArrayConfig, QueryConfig, QueryResult } from 'pg'
import { ByteQuery } from './byte-query.ts'
import { columnParsers, kyselyColumnParsers } from './column-value.ts'
import type { Runner } from './database.ts'
import {
  databaseFault,
  type Effect,
  isOutdatedStatement,
  toConnectError,
  toRpcError,
} from './database-error.ts'
import { pgTypes } from './postgres-pool.ts'
import type { RowTaker } from './row-taker.ts'
import { runWithin, type Session } from './runner.ts'
import type { SessionSettings } from './session-settings.ts'
import { bindStatement, type Statement, statementName } from './statement.ts'

const runTypes = pgTypes(columnParsers)
const kyselyTypes = pgTypes(kyselyColumnParsers)
const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

// Where it is not known what a lost statement did, this much is: our own selects change nothing (a `with` may).
const plainSelect = /^\s*select\b/i

/** PostgreSQL keeps a plan for each name and connection, without end; such a connection is closed instead. */
const maxPrepared = 1000

/** What lends connections: a pool, or the one connection of the embedded engine. */
export interface Lender {
  connect(): Promise<PoolClient>
}

/** A session that may also give rows as bytes. */
export interface PoolSession extends Session {
  take(statement: Statement, values: readonly unknown[], rows: RowTaker): Promise<void>
}

/** Each statement on a connection of its own from `pool`. `effect`: what a lost statement may have done. */
export function createPoolSession(pool: Lender, settings: SessionSettings, effect: Effect): PoolSession {
  const prepared = new WeakMap<PoolClient, Set<string>>()

  function isCrowded(client: PoolClient, name: string | undefined): boolean {
    if (name === undefined) return false
    const names = prepared.get(client) ?? new Set<string>()
    prepared.set(client, names.add(name))
    return names.size > maxPrepared
  }

  async function lend<T>(sql: string, work: (client: PoolClient) => Promise<T>, name?: string): Promise<T> {
    const client = await connect(pool)
    try {
      const result = await work(client)
      client.release(isCrowded(client, name))
      return result
    } catch (error) {
      client.release(isOutdatedStatement(error))
      throw toRpcError(error, plainSelect.test(sql) ? 'none' : effect)
    }
  }

  const ask = settings.isLent ? askWithin(settings.begin) : askPlainly

  return {
    async run(statement, values) {
      const query = arrayQuery(statement, values, settings)
      return lend(
        statement.sql,
        async client => toResult(await ask(client, () => client.query(query))),
        query.name,
      )
    },
    take(statement, values, rows) {
      const name = settings.prepare ? statement.name : undefined
      const query = new ByteQuery(statement, name, values, rows)
      return lend(statement.sql, client => query.runOn(client), name)
    },
    execute(sql, parameters) {
      const query = objectQuery(sql, parameters, settings)
      return lend(
        sql,
        async client => toResult(lastOf(await ask(client, () => client.query(query)))),
        query.name,
      )
    },
  }
}

/** Runs `work` between begin and commit on one connection. Its own errors pass through after the rollback. */
export async function runTransaction<T>(
  pool: Lender,
  settings: SessionSettings,
  work: (runner: Runner) => Promise<T>,
): Promise<T> {
  const client = await connect(pool)
  let broken = false
  try {
    // The first statement of the work follows it without waiting for its answer.
    const begun = client.query(settings.begin).catch(error => {
      throw toRpcError(error, 'none')
    })
    const [result] = await Promise.all([runWithin(transactionSession(client, settings), work), begun])
    await commit(client)
    return result
  } catch (error) {
    broken = !(await rollBack(client)) || (error instanceof Error && isOutdatedStatement(error.cause))
    throw error
  } finally {
    client.release(broken)
  }
}

/** Runs one command outside of any transaction, for as long as it takes. */
export async function runCommand(pool: Lender, { isLent }: SessionSettings, sql: string): Promise<void> {
  const client = await connect(pool)
  try {
    // A pooler's connection would keep the setting for others; ours ends with the command.
    if (!isLent) await client.query('set statement_timeout = 0')
    await client.query(sql)
  } catch (error) {
    throw toRpcError(error, 'unknown')
  } finally {
    client.release(true)
  }
}

/** Until it is committed, a transaction whose connection is lost leaves nothing. */
function transactionSession(client: PoolClient, settings: SessionSettings): Session {
  const lost = (error: unknown): never => {
    throw toRpcError(error, 'none')
  }
  return {
    async run(statement, values) {
      return toResult(await client.query(arrayQuery(statement, values, settings)).catch(lost))
    },
    async execute(sql, parameters) {
      return toResult(lastOf(await client.query(objectQuery(sql, parameters, settings)).catch(lost)))
    },
  }
}

async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('commit').catch(error => {
    throw toRpcError(error, 'unknown')
  })
  // PostgreSQL answers COMMIT with ROLLBACK when a statement failed and its error was swallowed.
  if (command === 'ROLLBACK') throw databaseFault('transaction_aborted')
}

async function rollBack(client: PoolClient): Promise<boolean> {
  return client.query('rollback').then(
    () => true,
    () => false,
  )
}

async function connect(pool: Lender): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw toConnectError(error)
  }
}

/** Runs the one statement that `send` sends. */
type Ask = <T>(client: PoolClient, send: () => Promise<T>) => Promise<T>

const askPlainly: Ask = (_client, send) => send()

/** In a transaction of its own, which is sent with it: that costs no round trip. */
function askWithin(begin: string): Ask {
  return async (client, send) => {
    const parts = [client.query(begin), send(), client.query('commit')] as const
    // All are answered before the connection is lent again, also when the first has failed.
    await Promise.allSettled(parts)
    const [, answer] = await Promise.all(parts)
    return answer
  }
}

function arrayQuery(
  statement: Statement,
  values: readonly unknown[],
  { prepare }: SessionSettings,
): QueryArrayConfig {
  return {
    name: prepare ? statement.name : undefined,
    text: statement.sql,
    values: bindStatement(statement, values),
    rowMode: 'array',
    types: runTypes,
  }
}

function objectQuery(sql: string, parameters: readonly unknown[], { prepare }: SessionSettings): QueryConfig {
  return {
    // With values it is one statement, which can be prepared: planning it costs as much as running it.
    name: prepare && parameters.length > 0 ? statementName(sql) : undefined,
    text: sql,
    values: [...parameters],
    types: kyselyTypes,
  }
}

/** Several statements, several results. */
function lastOf(answer: QueryResult | QueryResult[]): QueryResult {
  const last = Array.isArray(answer) ? answer.at(-1) : answer
  if (last === undefined) throw new Error('no answer to no statement')
  return last
}

function toResult<Row>(answer: { rows: Row[]; rowCount: number | null; command: string }): {
  rows: Row[]
  affected: number
} {
  return { rows: answer.rows, affected: changing.has(answer.command) ? (answer.rowCount ?? 0) : 0 }
}

import type { PoolClient, QueryArrayConfig, QueryConfig, QueryResult } from 'pg'
import { ByteQuery, type RowTaker } from './byte-query.ts'
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
import { type Executor, runWithin } from './runner.ts'
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

/** An executor that may also give rows as bytes. */
export interface PoolExecutor extends Executor {
  take(statement: Statement, values: readonly unknown[], rows: RowTaker): Promise<void>
}

/** Each statement on a connection of its own from `pool`. `effect`: what a lost statement may have done. */
export function createPoolExecutor(pool: Lender, settings: SessionSettings, effect: Effect): PoolExecutor {
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
    ...executorOver(
      query => lend(query.text, client => ask(client, () => client.query(query)), query.name),
      settings,
    ),
    take(statement, values, rows) {
      const name = settings.prepare ? statement.name : undefined
      const query = new ByteQuery(statement, name, values, rows)
      return lend(statement.sql, client => query.runOn(client), name)
    },
  }
}

type Send = (query: QueryConfig) => Promise<QueryResult | QueryResult[]>

function executorOver(send: Send, settings: SessionSettings): Executor {
  return {
    async run(statement, values) {
      return toResult(await send(arrayQuery(statement, values, settings)))
    },
    async execute(sql, parameters) {
      return toResult(await send(objectQuery(sql, parameters, settings)))
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
    const [result] = await Promise.all([runWithin(transactionExecutor(client, settings), work), begun])
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

function transactionExecutor(client: PoolClient, settings: SessionSettings): Executor {
  // Until it is committed, a transaction whose connection is lost leaves nothing.
  const lost = (error: unknown): never => {
    throw toRpcError(error, 'none')
  }
  return executorOver(query => client.query(query).catch(lost), settings)
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

/** Several statements have several answers, of which the last counts. */
function toResult<Row extends object>(answer: QueryResult<Row> | QueryResult<Row>[]) {
  const last = Array.isArray(answer) ? answer.at(-1) : answer
  if (last === undefined) throw new Error('no answer to no statement')
  return { rows: last.rows, affected: changing.has(last.command) ? (last.rowCount ?? 0) : 0 }
}

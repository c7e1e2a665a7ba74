import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite, type PGliteOptions, type Results, type Transaction } from '@electric-sql/pglite'
import { columnParsers, kyselyColumnParsers, oid } from './column-value.ts'
import { acquireDataLock, type DataLock } from './data-lock.ts'
import type { Database, Runner } from './database.ts'
import { databaseFault, toConnectError, toRpcError } from './database-error.ts'
import { requireChannel, safeWake } from './listen.ts'
import { parameterText } from './parameter-value.ts'
import { createRunner, runWithin, type Session } from './runner.ts'
import { describeError, StartError } from './start-error.ts'
import { bindStatement } from './statement.ts'

export interface PGliteDatabaseOptions {
  /** Created with mode 0700. None: the data lives in memory and ends with `close`. */
  readonly dataDir?: string | undefined
  /** What PGlite's `dumpDataDir` made: the data to begin with. */
  readonly snapshot?: Blob | undefined
  readonly onError: (error: unknown) => void
}

/** Opens the embedded PostgreSQL. Throws StartError when the folder is in use or cannot be read. */
export async function openPGlite(options: PGliteDatabaseOptions): Promise<Database> {
  const { dataDir, snapshot, onError } = options
  const lock = dataDir === undefined ? undefined : await lockFolder(dataDir)
  try {
    const pglite = await PGlite.create({
      ...engineOptions,
      ...(dataDir === undefined ? {} : { dataDir: join(dataDir, 'database') }),
      ...(snapshot === undefined ? {} : { loadDataDir: snapshot }),
    })
    return createDatabase(pglite, lock, onError)
  } catch (error) {
    await lock?.release()
    throw new StartError(`the embedded database cannot be opened: ${describeError(error)}`, { cause: error })
  }
}

async function lockFolder(dataDir: string): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return acquireDataLock(dataDir)
}

const engineOptions: PGliteOptions = {
  parsers: Object.fromEntries(columnParsers),
  serializers: Object.fromEntries([...Object.values(oid), 25, 1042, 1043].map(type => [type, parameterText])),
}

const kyselyParsers = Object.fromEntries(kyselyColumnParsers)

function createDatabase(
  pglite: PGlite,
  lock: DataLock | undefined,
  onError: (error: unknown) => void,
): Database {
  // A query outside its own transaction would wait for it for ever: there is one connection.
  const inside = new AsyncLocalStorage<{ open: boolean }>()
  let pending = 0
  let closing: Promise<void> | undefined

  async function take<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw toConnectError(new Error('the database is closed'))
    if (inside.getStore()?.open) throw new Error('inside a transaction only its own runner may be used')
    pending += 1
    try {
      return await work()
    } finally {
      pending -= 1
    }
  }

  const open = createSession(pglite)
  const session: Session = {
    run: (statement, values) => take(() => open.run(statement, values)),
    execute: (sql, parameters) => take(() => open.execute(sql, parameters)),
  }
  const runner = createRunner(session)

  async function transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    const state = { open: true }
    try {
      return await take(() => runTransaction(pglite, inner => inside.run(state, work, inner)))
    } finally {
      state.open = false
    }
  }

  async function close(): Promise<void> {
    try {
      await pglite.close()
    } finally {
      await lock?.release()
    }
  }

  return {
    engine: 'pglite',
    get kysely() {
      return runner.kysely
    },
    run: runner.run,
    read: { run: runner.run },
    transaction,
    async listen(channel, wake) {
      requireChannel(channel)
      const end = await take(() => pglite.listen(channel, safeWake(wake, onError)))
      return async () => {
        if (closing === undefined) await end()
      }
    },
    async ping() {
      await session.execute('select 1', [])
    },
    stats: () => ({ total: 1, idle: pending === 0 ? 1 : 0, waiting: Math.max(0, pending - 1) }),
    close() {
      closing ??= close()
      return closing
    },
  }
}

function createSession(engine: Pick<PGlite | Transaction, 'query' | 'exec'>): Session {
  return {
    async run(statement, values) {
      const parameters = bindStatement(statement, values)
      const answer = engine.query<unknown[]>(statement.sql, parameters, { rowMode: 'array' })
      return toResult(await answer.catch(fail))
    },
    async execute(sql, parameters) {
      const options = { parsers: kyselyParsers }
      if (parameters.length > 0) {
        const answer = engine.query<Record<string, unknown>>(sql, [...parameters], options)
        return toResult(await answer.catch(fail))
      }
      const answers = await engine.exec(sql, options).catch(fail)
      return toResult(answers.at(-1))
    },
  }
}

async function runTransaction<T>(pglite: PGlite, work: (runner: Runner) => Promise<T>): Promise<T> {
  let failed = false
  try {
    return await pglite.transaction(async transaction => {
      try {
        return await runWithin(createSession(transaction), work)
      } catch (error) {
        failed = true
        throw error
      }
    })
  } catch (error) {
    throw failed ? error : toRpcError(error)
  }
}

function toResult<Row>(answer: Results<Row> | undefined): { rows: Row[]; affected: number } {
  // PGlite swallows a crash of its engine (JSON nested 7,000 deep): then there is an answer without a command.
  if (answer?.command === undefined) throw databaseFault('no_answer')
  return { rows: answer.rows, affected: answer.affectedRows ?? 0 }
}

/** PGlite hangs the parameters on its errors; in the log they would be secrets, or megabytes. */
function fail(error: unknown): never {
  if (error instanceof Error) Object.assign(error, { params: undefined, queryOptions: undefined })
  throw toRpcError(error)
}

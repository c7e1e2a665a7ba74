import { CompiledQuery } from 'kysely'
import type { Database, Runner } from '../../src/database/database.ts'
import { databaseFault } from '../../src/database/database-error.ts'
import { createRunner } from '../../src/database/runner.ts'
import { rawStatement } from '../../src/database/statement.ts'

/** Called around each statement of a transaction; `pid` is that of the server process that carries it. */
export interface Steps {
  before(pid: number): Promise<void>
  /** Whether it succeeded or failed. */
  after(): Promise<void>
  beforeCommit(pid: number): Promise<void>
}

const readPid = rawStatement('select pg_backend_pid()')

/** The same database; every statement of its transactions goes through `steps`. */
export function steppedDatabase(database: Database, steps: Steps): Database {
  const transaction: Database['transaction'] = work =>
    database.transaction(async inner => {
      const pid = Number((await inner.run(readPid, [])).rows[0]?.[0])
      const result = await work(steppedRunner(inner, pid, steps))
      await steps.beforeCommit(pid)
      return result
    })
  return withTransaction(database, transaction)
}

/** A statement by itself that changes runs is a transaction as well. */
function withTransaction(database: Database, transaction: Database['transaction']): Database {
  const run: Database['run'] = (statement, values) =>
    /^(with|update)\b.*\bevent_log\b/s.test(statement.sql)
      ? transaction(runner => runner.run(statement, values))
      : database.run(statement, values)
  return Object.create(database, { transaction: { value: transaction }, run: { value: run } })
}

function steppedRunner(inner: Runner, pid: number, { before, after }: Steps): Runner {
  async function step<T>(work: () => Promise<T>): Promise<T> {
    await before(pid)
    try {
      return await work()
    } finally {
      await after()
    }
  }
  return createRunner({
    run: (statement, values) => step(() => inner.run(statement, values)),
    execute: (sql, parameters) =>
      step(async () => {
        const query = CompiledQuery.raw(sql, [...parameters])
        const { rows, numAffectedRows } = await inner.kysely.executeQuery<Record<string, unknown>>(query)
        return { rows: [...rows], affected: Number(numAffectedRows ?? 0) }
      }),
  })
}

/** What goes wrong at a statement: it is never sent, its connection is lost before it, or its answer is lost. */
export const faultKinds = ['not sent', 'connection lost', 'answer lost'] as const

export interface Fault {
  readonly kind: (typeof faultKinds)[number]
  /** Counted from 0; the commit is the last. */
  readonly at: number
}

/** How far a transaction came: it had fewer statements than the fault, or its fault lay before or after the commit. */
export type Met = 'never' | 'uncommitted' | 'committed'

/** A database whose next transaction meets the fault. */
export function faultyDatabase(
  database: Database,
  { kind, at }: Fault,
): { readonly database: Database; met(): Met } {
  // Counted apart: a transaction may ask several at once.
  let begun = 0
  let ended = 0
  let met: Met = 'never'
  async function breakHere(pid: number): Promise<void> {
    if (begun++ !== at || kind === 'answer lost' || met !== 'never') return
    met = 'uncommitted'
    if (kind === 'not sent') throw brokenByTest()
    await database.run(terminate, [pid])
  }
  const isLost = () => ended === at && kind === 'answer lost' && met === 'never'
  const faulty = steppedDatabase(database, {
    before: breakHere,
    async after() {
      if (isLost()) {
        met = 'uncommitted'
        throw brokenByTest()
      }
      ended++
    },
    beforeCommit: breakHere,
  })
  const transaction: Database['transaction'] = async work => {
    const result = await faulty.transaction(work)
    if (isLost()) {
      met = 'committed'
      throw brokenByTest()
    }
    return result
  }
  return { database: withTransaction(faulty, transaction), met: () => met }
}

const terminate = rawStatement('select pg_terminate_backend($1::int)')

function brokenByTest(): Error {
  return databaseFault('database_error')
}

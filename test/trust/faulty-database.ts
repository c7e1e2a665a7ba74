import { CompiledQuery } from 'kysely'
import type { Database, Runner } from '../../src/database/database.ts'
import { databaseFault } from '../../src/database/database-error.ts'
import { createRunner } from '../../src/database/runner.ts'
import type { Statement } from '../../src/database/statement.ts'

/** Called around each statement of a transaction, and before its commit. */
export interface Steps {
  /** `pid` is that of the server process that carries the transaction. */
  before(pid: number): Promise<void>
  after(): Promise<void>
}

const readPid: Statement = { name: undefined, sql: 'select pg_backend_pid()', parameters: [] }

/** The same database; every statement of its transactions goes through `steps`. */
export function steppedDatabase(database: Database, steps: Steps): Database {
  const transaction: Database['transaction'] = work =>
    database.transaction(async inner => {
      const pid = Number((await inner.run(readPid, [])).rows[0]?.[0])
      const result = await work(steppedRunner(inner, pid, steps))
      await steps.before(pid)
      return result
    })
  return Object.create(database, { transaction: { value: transaction } })
}

function steppedRunner(inner: Runner, pid: number, { before, after }: Steps): Runner {
  async function step<T>(work: () => Promise<T>): Promise<T> {
    await before(pid)
    const result = await work()
    await after()
    return result
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

/** A database whose next transaction meets the fault; `met` tells whether it had so many statements. */
export function faultyDatabase(
  database: Database,
  fault: Fault,
): { readonly database: Database; met(): boolean } {
  let statements = 0
  let met = false
  const isHere = () => statements === fault.at && !met
  const faulty = steppedDatabase(database, {
    async before(pid) {
      if (!isHere() || fault.kind === 'answer lost') return
      met = true
      if (fault.kind === 'not sent') throw databaseFault('broken_by_test')
      await database.run(terminate, [pid])
    },
    async after() {
      if (isHere() && fault.kind === 'answer lost') {
        met = true
        throw databaseFault('broken_by_test')
      }
      statements++
    },
  })
  // A commit whose answer is lost has happened all the same.
  const transaction: Database['transaction'] = async work => {
    const result = await faulty.transaction(work)
    if (isHere() && fault.kind === 'answer lost') {
      met = true
      throw databaseFault('broken_by_test')
    }
    return result
  }
  return { database: Object.create(faulty, { transaction: { value: transaction } }), met: () => met }
}

const terminate: Statement = {
  name: undefined,
  sql: 'select pg_terminate_backend($1::int, 1000)',
  parameters: [],
}

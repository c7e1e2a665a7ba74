import type { PGlite, Results, Transaction } from '@electric-sql/pglite'
import { kyselyColumnParsers } from './column-value.ts'
import type { Runner } from './database.ts'
import { databaseFault, isOutdatedStatement, toRpcError } from './database-error.ts'
import { runWithin, type Session } from './runner.ts'
import { bindStatement } from './statement.ts'

const kyselyOptions = { parsers: Object.fromEntries(kyselyColumnParsers) }

/** Statements on PGlite, or inside one of its transactions. `onCrash`: the engine will not answer again. */
export function createPGliteSession(
  engine: Pick<PGlite | Transaction, 'query' | 'exec'>,
  onCrash: () => void,
): Session {
  function toResult<Row>(answer: Results<Row> | undefined): { rows: Row[]; affected: number } {
    if (answer?.command === undefined) throw crash()
    return { rows: answer.rows, affected: answer.affectedRows ?? 0 }
  }

  function fail(error: unknown): never {
    throw isOutdatedStatement(error) ? crash() : toRpcError(withoutParameters(error))
  }

  /**
   * PGlite swallows the crash of a statement (JSON nested 7,000 deep) and gives an answer without a command, or
   * has lost the statement by its next step. What the engine then does is undefined; it was seen to hang.
   */
  function crash(): Error {
    onCrash()
    return databaseFault('engine_crashed')
  }

  return {
    async run(statement, values) {
      const parameters = bindStatement(statement, values)
      const answer = engine.query<unknown[]>(statement.sql, parameters, { rowMode: 'array' })
      return toResult(await answer.catch(fail))
    },
    async execute(sql, parameters) {
      if (parameters.length > 0) {
        const answer = engine.query<Record<string, unknown>>(sql, [...parameters], kyselyOptions)
        return toResult(await answer.catch(fail))
      }
      const answers = await engine.exec(sql, kyselyOptions).catch(fail)
      return toResult(answers.at(-1))
    },
  }
}

/** Runs `work` in a transaction of PGlite. Its own errors pass through after the rollback. */
export async function runPGliteTransaction<T>(
  pglite: PGlite,
  onCrash: () => void,
  work: (runner: Runner) => Promise<T>,
): Promise<T> {
  let failed = false
  try {
    return await pglite.transaction(async transaction => {
      try {
        return await runWithin(createPGliteSession(transaction, onCrash), work)
      } catch (error) {
        failed = true
        throw error
      }
    })
  } catch (error) {
    throw failed ? error : toRpcError(error)
  }
}

/** PGlite hangs the parameters on its errors; in the log they would be secrets, or megabytes. */
function withoutParameters(error: unknown): unknown {
  if (error instanceof Error) Object.assign(error, { params: undefined, queryOptions: undefined })
  return error
}

import type { Database, Result, Runner } from '../../src/database/database.ts'
import type { Statement } from '../../src/database/statement.ts'

/** The same database, whose inserts answer in another order: that of `returning` is no promise, only that of `order by`. */
export function unorderedReturning(database: Database): Database {
  const scramble = <Runs extends Pick<Runner, 'run'>>(runner: Runs): Runs =>
    Object.create(runner, {
      run: {
        value: async (statement: Statement, values: readonly unknown[]): Promise<Result> => {
          const result = await runner.run(statement, values)
          return isOrdered(statement.sql) ? result : { ...result, rows: result.rows.toReversed() }
        },
      },
    })
  return Object.create(scramble(database), {
    transaction: {
      value: <T>(work: (runner: Runner) => Promise<T>) =>
        database.transaction(runner => work(scramble(runner))),
    },
  })
}

function isOrdered(sql: string): boolean {
  return !/\binsert into\b/.test(sql) || /\border by [\w".]+\s*$/.test(sql)
}

import type { Database, Result } from '../../src/database/database.ts'
import type { Statement } from '../../src/database/statement.ts'

export interface Recorded {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

export interface Recorder {
  /** The same database. */
  readonly database: Database
  /** The compiled statements that it has run, oldest first. */
  readonly recorded: Recorded[]
}

/** Writes down the compiled statements that a database runs. */
export function recordStatements(database: Database): Recorder {
  const recorded: Recorded[] = []
  const run = (statement: Statement, values: readonly unknown[]): Promise<Result> => {
    recorded.push({ statement, values })
    return database.run(statement, values)
  }
  const recording: Database = Object.create(database, { run: { value: run }, read: { value: { run } } })
  return { database: recording, recorded }
}

import { hash } from 'node:crypto'
import type { Compilable } from 'kysely'

/** Stands where a run-time value goes while a query is compiled: `sql`${new Slot(0)}`` or `eb.val(new Slot(0))`. */
export class Slot {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/** A query compiled once and run often. With a name, PostgreSQL prepares it once a connection. */
export interface Statement {
  readonly name: string | undefined
  readonly sql: string
  /** What `$1`, `$2`, … stand for: a fixed value, or the Slot of a run-time value. */
  readonly parameters: readonly unknown[]
}

/** Compiles a Kysely query. `name`: the same name must always mean the same SQL. */
export function compileStatement(query: Compilable, name?: string): Statement {
  const { sql, parameters } = query.compile()
  return Object.freeze({ name, sql, parameters })
}

/** The parameters of one run: every Slot replaced by `values[slot.index]`. Throws RangeError for a Slot without a value. */
export function bindStatement(statement: Statement, values: readonly unknown[]): unknown[] {
  return statement.parameters.map(parameter => {
    if (!(parameter instanceof Slot)) return parameter
    if (parameter.index >= values.length) throw new RangeError(`slot ${parameter.index} has no value`)
    return values[parameter.index]
  })
}

/** A statement in SQL as PostgreSQL takes it, prepared once a connection; `$1` is the first run-time value. */
export function rawStatement(sql: string): Statement {
  const numbers = [...sql.matchAll(/\$(\d+)/g)].map(match => Number(match[1]))
  const parameters = Array.from({ length: Math.max(0, ...numbers) }, (_, i) => new Slot(i))
  return Object.freeze({ name: statementName(sql), sql, parameters })
}

/** A statement in SQL that runs once or seldom, and is not prepared. */
export function plainStatement(sql: string): Statement {
  return { name: undefined, sql, parameters: [] }
}

/** The same SQL has the same name, and no other has it. */
export function statementName(sql: string): string {
  return `daybook_${hash('sha256', sql).slice(0, 32)}`
}

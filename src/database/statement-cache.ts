import type { Compilable } from 'kysely'
import { LRUCache } from 'lru-cache'
import { compileStatement, type Statement, statementName } from './statement.ts'

/** Compiled statements by shape: each is compiled once, and prepared once on each connection. */
export interface StatementCache {
  /** The statement of this key; `build` makes its query when it is not known. */
  get(key: string, build: () => Compilable): Statement
}

export interface StatementCacheOptions {
  /** How many shapes are kept compiled. */
  readonly size?: number
  /**
   * How much SQL may have names, in characters: each connection keeps every named statement's plan until it ends, and
   * clients choose the shapes. A merge of many names is a hundred times as long as an ordinary query.
   */
  readonly maxNamedLength?: number
  readonly onLookup?: (hit: boolean) => void
}

interface Entry {
  statement: Statement
}

/** A shape is named at its second use, so that one that comes once costs the connections nothing. */
export function createStatementCache(options: StatementCacheOptions = {}): StatementCache {
  const { size = 1000, maxNamedLength = 2 * 1024 * 1024, onLookup } = options
  const entries = new LRUCache<string, Entry>({ max: size })
  const named = new Set<string>()
  let namedLength = 0

  function get(key: string, build: () => Compilable): Statement {
    const entry = entries.get(key)
    onLookup?.(entry !== undefined)
    if (entry === undefined) {
      const statement = compileStatement(build())
      entries.set(key, { statement })
      return statement
    }
    if (entry.statement.name === undefined) entry.statement = nameIt(entry.statement)
    return entry.statement
  }

  function nameIt(statement: Statement): Statement {
    const name = statementName(statement.sql)
    if (!named.has(name)) {
      if (namedLength + statement.sql.length > maxNamedLength) return statement
      named.add(name)
      namedLength += statement.sql.length
    }
    return { ...statement, name }
  }

  return { get }
}

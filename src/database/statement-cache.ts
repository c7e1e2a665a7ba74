import { hash } from 'node:crypto'
import type { Compilable } from 'kysely'
import { LRUCache } from 'lru-cache'
import { compileStatement, type Statement } from './statement.ts'

/** Compiled statements by shape: each is compiled once, and prepared once on each connection. */
export interface StatementCache {
  /** The statement of this key; `build` makes its query when it is not known. */
  get(key: string, build: () => Compilable): Statement
}

export interface StatementCacheOptions {
  /** How many shapes are kept compiled. */
  readonly size?: number
  /** How many get a name: a connection keeps each named statement until it ends, and clients choose the shapes. */
  readonly maxNamed?: number
  readonly onLookup?: (hit: boolean) => void
}

interface Entry {
  statement: Statement
}

/** A shape is named at its second use, so that one that comes once costs the connections nothing. */
export function createStatementCache(options: StatementCacheOptions = {}): StatementCache {
  const { size = 1000, maxNamed = 500, onLookup } = options
  const entries = new LRUCache<string, Entry>({ max: size })
  const named = new Set<string>()

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
    const name = `daybook_${hash('sha256', statement.sql).slice(0, 32)}`
    if (!named.has(name) && named.size >= maxNamed) return statement
    named.add(name)
    return { ...statement, name }
  }

  return { get }
}

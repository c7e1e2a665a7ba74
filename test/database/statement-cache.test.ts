import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely'
import { describe, expect, it } from 'vitest'
import { createStatementCache } from '../../src/database/statement-cache.ts'

const builder = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: kysely => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A query of its own length and text for each `n`. */
function query(n: number) {
  const text = sql`select ${sql.lit(n)}`
  return { compile: () => text.compile(builder) }
}

describe('a statement cache', () => {
  it('compiles a shape once, and names it at its second use', () => {
    const cache = createStatementCache()
    let built = 0
    const build = () => {
      built++
      return query(1)
    }
    expect(cache.get('a', build)).toMatchObject({ name: undefined, sql: 'select 1' })
    const second = cache.get('a', build)
    expect(second.name).toMatch(/^daybook_[\da-f]{32}$/)
    expect(cache.get('a', build)).toBe(second)
    expect(built).toBe(1)
  })

  it('gives one name to one SQL, whatever its shape is called', () => {
    const cache = createStatementCache()
    const names = ['a', 'b', 'a', 'b'].map(key => cache.get(key, () => query(7)).name)
    expect(names[2]).toBe(names[3])
    expect(names[2]).toBeDefined()
  })

  it('names no more SQL than a connection may keep, and goes on without names', () => {
    const cache = createStatementCache({ maxNamedLength: 'select 1'.length * 2 })
    const use = (n: number) => cache.get(String(n), () => query(n))
    for (const n of [1, 2, 3]) use(n)
    expect([1, 2, 3].map(n => use(n).name !== undefined)).toEqual([true, true, false])
    expect(use(3)).toMatchObject({ name: undefined, sql: 'select 3' })
  })

  it('forgets the shape that was used longest ago', () => {
    const lookups: boolean[] = []
    const cache = createStatementCache({ size: 2, onLookup: isHit => lookups.push(isHit) })
    for (const n of [1, 2, 1, 3, 1, 2]) cache.get(String(n), () => query(n))
    expect(lookups).toEqual([false, false, true, false, true, false])
  })
})

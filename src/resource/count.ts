import { sql } from 'kysely'
import { allOf } from '../condition/compile.ts'
import type { Predicate } from '../condition/predicate.ts'
import { shapeOf } from '../condition/shape.ts'
import { Slot } from '../database/statement.ts'
import type { Reader } from './read.ts'

/** How many rows fulfil all the predicates; never more than `limit`, where there is one. */
export async function countRows(
  { resource, builder, cache, runner }: Reader,
  predicates: readonly Predicate[],
  limit: number | undefined,
): Promise<number> {
  const { key, values } = shapeOf(predicates)
  const limited = limit !== undefined
  const statement = cache.get(`${resource.name}|count|${limited}|${key}`, () => {
    const all = builder.selectFrom(resource.table).where(allOf(predicates)).select(sql.lit(1).as('one'))
    const rows = limited ? all.limit(sql<number>`${new Slot(values.length)}`) : all
    return builder.selectFrom(rows.as('t')).select(sql<string>`count(*)::text`.as('count'))
  })
  const { rows } = await runner.run(statement, limited ? [...values, limit] : values)
  return Number(rows[0]?.[0] ?? 0)
}

/** About how many rows fulfil all the predicates, as PostgreSQL's planner sees it: cheap, and only as good. */
export async function estimateRows(
  { resource, builder, cache, runner }: Reader,
  predicates: readonly Predicate[],
): Promise<number> {
  const { key, values } = shapeOf(predicates)
  const statement = cache.get(`${resource.name}|estimate|${key}`, () => {
    const rows = builder.selectFrom(resource.table).where(allOf(predicates)).select(sql.lit(1).as('one'))
    const explain = sql`explain (format json) ${rows}`
    return { compile: () => explain.compile(builder) }
  })
  const { rows } = await runner.run(statement, values)
  return planRows(rows[0]?.[0])
}

interface Explained {
  readonly Plan: { readonly 'Plan Rows': number }
}

function planRows(explained: unknown): number {
  const plans = (typeof explained === 'string' ? JSON.parse(explained) : explained) as readonly Explained[]
  return Math.round(plans[0]?.Plan['Plan Rows'] ?? 0)
}

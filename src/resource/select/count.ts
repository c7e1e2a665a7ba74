import { sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Table } from '../table.ts'

/** How many rows fulfil all the predicates; never more than `limit`, where there is one. */
export async function countRows(
  { resource, builder, cache, runner }: Table,
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

/** What counting may cost in units of PostgreSQL's planner: about a million rows, a tenth of a second. */
const affordableCost = 50_000

/**
 * About how many rows fulfil all the predicates: exact where counting them costs at most `affordable` or the table has no
 * statistics (the planner would invent a number); else what the planner expects.
 */
export async function estimateRows(
  table: Table,
  predicates: readonly Predicate[],
  affordable = affordableCost,
): Promise<number> {
  const { cost, rows } = await planCount(table, predicates)
  if (cost > affordable && (await hasStatistics(table))) return rows
  return countRows(table, predicates, undefined)
}

interface CountPlan {
  readonly cost: number
  readonly rows: number
}

async function planCount(
  { resource, builder, cache, runner }: Table,
  predicates: readonly Predicate[],
): Promise<CountPlan> {
  const { key, values } = shapeOf(predicates)
  const statement = cache.get(`${resource.name}|estimate|${key}`, () => {
    const rows = builder.selectFrom(resource.table).where(allOf(predicates)).select(sql.lit(1).as('one'))
    const explain = sql`explain (format json) ${rows}`
    return { compile: () => explain.compile(builder) }
  })
  const { rows } = await runner.run(statement, values)
  const explained = rows[0]?.[0]
  const [found] = (typeof explained === 'string' ? JSON.parse(explained) : explained) as readonly Explained[]
  return { cost: found?.Plan['Total Cost'] ?? 0, rows: found?.Plan['Plan Rows'] ?? 0 }
}

interface Explained {
  readonly Plan: { readonly 'Plan Rows': number; readonly 'Total Cost': number }
}

/** Whether the table, or every partition of it that holds rows, has been analyzed; the embedded engine never does that by itself. */
async function hasStatistics({ resource, builder, cache, runner }: Table): Promise<boolean> {
  const { table } = resource
  const statement = cache.get(`${resource.name}|statistics`, () => {
    const analyzed = sql`select coalesce(bool_and(exists (
        select from pg_stats as s where s.schemaname = n.nspname and s.tablename = c.relname
      )), false)
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where c.relkind = 'r' and pg_relation_size(c.oid) > 0 and (
        c.oid = ${sql.lit(table)}::regclass
        or c.oid in (select relid from pg_partition_tree(${sql.lit(table)}::regclass) where isleaf))`
    return { compile: () => analyzed.compile(builder) }
  })
  return (await runner.run(statement, [])).rows[0]?.[0] === true
}

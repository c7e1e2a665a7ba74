import { type RawBuilder, sql } from 'kysely'
import { nextId } from '../../database/next-id.ts'
import type { MergeRule, ResourceField } from '../resource.ts'
import type { Table } from '../table.ts'
import { givenRows } from './given-rows.ts'

/** Whether a count says how often more, or how often in all. */
export type Counting = 'sum' | 'highest'

/** What makes two records the same: all columns but the count and the times. */
function ownColumns({ count, first, last }: MergeRule, fields: readonly ResourceField[]): readonly string[] {
  return fields.map(field => field.name).filter(name => ![count, first, last].includes(name))
}

/** The SQL of the digest of what makes records the same, over their columns; `fields`: those that are appended. */
export function mergeDigest(rule: MergeRule, fields: readonly ResourceField[]): RawBuilder<unknown> {
  const own = ownColumns(rule, fields).map(name => sql.ref(name))
  return sql`sha256(convert_to(jsonb_build_array(${sql.join(own)})::text, 'UTF8'))`
}

/**
 * The SQL that adds rows or, where the same is there already, raises its count and its last time. One statement. Rows
 * get their ids in the order in which they are given, but are written in the order of their digests: two statements that
 * bring the same rows would else wait for each other for ever.
 */
export function mergeStatement(
  { resource, builder }: Pick<Table, 'resource' | 'builder'>,
  rule: MergeRule,
  counting: Counting = 'sum',
): { compile(): ReturnType<ReturnType<typeof sql>['compile']> } {
  const { key, count, first, last } = rule
  const { appended: fields } = resource
  const columns = fields.map(field => field.name)
  const own = ownColumns(rule, fields)
  const table = sql.table(resource.table)
  const ref = (name: string) => sql.ref(name)
  const aggregated = columns.map(name => {
    if (name === count) return counting === 'sum' ? sql`sum(${ref(name)})::bigint` : sql`max(${ref(name)})`
    if (name === first) return sql`min(${ref(name)})`
    return name === last ? sql`max(${ref(name)})` : ref(name)
  })
  const digest = mergeDigest(rule, fields)
  const there = (name: string) => sql.ref(`${resource.table}.${name}`)
  const added = (name: string) => sql.ref(`excluded.${name}`)
  const id = ref(resource.ordering.key)
  const statement = sql`with given as (
    select *, ${digest} as ${ref(key)} from ${givenRows(fields)}
  ), grouped as materialized (
    select ${sql.join([ref(key), ...aggregated.map((value, i) => sql`${value} as ${ref(columns[i] ?? '')}`)])}
    from given group by ${sql.join([ref(key), ...own.map(ref)])} order by min(place)
  ), numbered as materialized (
    select ${sql.raw(nextId(resource.table, resource.ordering.key))} as ${id}, grouped.* from grouped
  ), merged as (
    insert into ${table} (${sql.join([id, ...[...columns, key].map(ref)])}) overriding system value
    select ${sql.join([id, ...[...columns, key].map(ref)])} from numbered order by ${ref(key)}
    on conflict (${ref(key)}) do update set
      ${ref(count)} = ${counting === 'sum' ? sql`${there(count)} + ${added(count)}` : sql`greatest(${there(count)}, ${added(count)})`},
      ${ref(first)} = least(${there(first)}, ${added(first)}),
      ${ref(last)} = greatest(${there(last)}, ${added(last)})
    returning ${id}, ${ref(key)}
  )
  select ${id}::text as id from given join merged using (${ref(key)}) order by place`
  return { compile: () => statement.compile(builder) }
}

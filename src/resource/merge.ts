import { sql } from 'kysely'
import type { Reader } from './read.ts'
import type { MergeRule, ResourceField } from './resource.ts'

/** `given` rows (`r`, numbered by `place`) as a CTE body, with the digest of what makes them the same. */
export interface GivenRows {
  readonly fields: readonly ResourceField[]
  readonly source: ReturnType<typeof sql>
  readonly values: readonly ReturnType<typeof sql>[]
}

/**
 * The SQL that adds rows or, where the same is there already, raises its count and its last time. One statement; rows
 * are taken in the order of their digests, so that two of them at once never wait for each other.
 */
export function mergeStatement(
  { resource, builder }: Pick<Reader, 'resource' | 'builder'>,
  rule: MergeRule,
  { fields, source, values }: GivenRows,
): { compile(): ReturnType<ReturnType<typeof sql>['compile']> } {
  const { key, count, first, last } = rule
  const columns = fields.map(field => field.name)
  const own = columns.filter(name => ![count, first, last].includes(name))
  const table = sql.table(resource.table)
  const ref = (name: string) => sql.ref(name)
  const aggregated = columns.map(name => {
    if (name === count) return sql`sum(${ref(name)})::bigint`
    if (name === first) return sql`min(${ref(name)})`
    return name === last ? sql`max(${ref(name)})` : ref(name)
  })
  const digest = sql`sha256(convert_to(jsonb_build_array(${sql.join(own.map(ref))})::text, 'UTF8'))`
  const there = (name: string) => sql.ref(`${resource.table}.${name}`)
  const added = (name: string) => sql.ref(`excluded.${name}`)
  const named = values.map((value, i) => sql`${value} as ${ref(columns[i] ?? '')}`)
  const statement = sql`with given as (
    select *, ${digest} as ${ref(key)} from (select place, ${sql.join(named)} from ${source}) as g
  ), merged as (
    insert into ${table} (${sql.join([...columns, key].map(ref))})
    select ${sql.join([...aggregated, ref(key)])} from given
    group by ${sql.join([ref(key), ...own.map(ref)])} order by ${ref(key)}
    on conflict (${ref(key)}) do update set
      ${ref(count)} = ${there(count)} + ${added(count)},
      ${ref(first)} = least(${there(first)}, ${added(first)}),
      ${ref(last)} = greatest(${there(last)}, ${added(last)})
    returning ${ref(resource.ordering.key)}, ${ref(key)}
  )
  select ${ref(resource.ordering.key)}::text as id from given join merged using (${ref(key)}) order by place`
  return { compile: () => statement.compile(builder) }
}

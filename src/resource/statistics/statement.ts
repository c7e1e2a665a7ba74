import { expressionBuilder, type Kysely, type RawBuilder, sql } from 'kysely'
import { type AnyTables, allOf } from '../../condition/compile.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'
import type { SelectionShape } from '../select/selection.ts'
import { durationOf, stateOf, states, statesOf } from '../state.ts'
import { dayMs, firstMonday, type Span, type Step, stepsOf } from './grid.ts'
import type { GivenSpan } from './span.ts'

/** What is counted, parsed; the rows are what a query finds. */
export interface Counting {
  readonly rows: SelectionShape
  /** Whether the rows are few: then they are read once. */
  readonly isBounded: boolean
  readonly groupBy: readonly GroupColumn[]
  readonly bucket: Buckets | undefined
  readonly percentiles: readonly number[]
  /** The most groups. */
  readonly top: number
}

/** A field, or `state`, by whose values records are counted. */
export interface GroupColumn {
  readonly name: string
  readonly isNullable: boolean
  readonly isState: boolean
}

/** How records are counted by time. Where the conditions leave an end open, the records found are the end. */
export interface Buckets {
  readonly field: string
  readonly timeZone: string
  readonly given: GivenSpan
  /** Epoch milliseconds: a span without an end ends now, or later where there are later records. */
  readonly now: number
  readonly step: Step
  /** Where it is known before anything is read: the span, and the length of the buckets. */
  readonly known: (Span & { readonly step: number }) | undefined
}

/** A statement in the making: its form, its values, and the query. */
export interface CountingShape {
  readonly key: string
  readonly values: readonly unknown[]
  build(builder: Kysely<AnyTables>): RawBuilder<unknown>
}

type Sql = RawBuilder<unknown>

/** The columns of an answer: a `total`, then the groups and the buckets. */
export const columns = ['kind', 'g0', 'g1', 'place', 'n', ...states, 'took', 'lo', 'hi', 'step'] as const

/**
 * One statement for the total, the groups and the buckets, so that they are of one moment. Rows that are not few are read once
 * for the groups and once for the buckets: grouped together they could not be counted in parallel.
 */
export function shapeCounting(resource: Resource, counting: Counting): CountingShape {
  const values = [...counting.rows.values]
  const slot = (value: unknown): Slot => new Slot(values.push(value) - 1)
  const top = slot(counting.top + 1)
  const fractions = counting.percentiles.length === 0 ? undefined : slot(counting.percentiles)
  const bucket = counting.bucket && bucketSql(counting.bucket, slot)
  const { groupBy, isBounded, rows } = counting
  const names = groupBy.map(({ name }) => name)
  return {
    key: `${names}|${isBounded}|${fractions !== undefined}|${bucket?.key}|${rows.key}`,
    values,
    build(builder) {
      const found = foundSql(resource, counting, builder)
      const grouped = groupBy.length === 0 ? [] : groupsSql(groupBy, { top, fractions })
      const base = groupBy.length > 0 ? sql`all_groups` : bucket === undefined ? sql`whole` : sql`slices`
      const whole = sql`whole as (select ${counts} from found)`
      const steps = [
        found,
        ...(bucket?.steps ?? []),
        ...(groupBy.length + (bucket ? 1 : 0) === 0 ? [whole] : []),
      ]
      const total = totalSql(base, {
        took: groupBy.length === 0 && fractions !== undefined ? spreadOf(fractions, sql`found`) : undefined,
        scale: bucket?.scale,
      })
      const answers = [
        total,
        ...(groupBy.length === 0 ? [] : [groupRows]),
        ...(bucket === undefined ? [] : [bucketRows]),
      ]
      return sql`with ${sql.join([...steps, ...grouped])} ${sql.join(answers, sql` union all `)}`
    },
  }
}

const counts = sql`count(*) as n, ${sql.join(
  states.map(state => sql`count(*) filter (where ${sql.ref(`is_${state}`)}) as ${sql.ref(state)}`),
)}`

const countNames = sql`n, ${sql.join(states.map(state => sql.ref(state)))}`

/** The rows found, with what is counted of each. Named so that each use of it is a scan of its own, unless they are few. */
function foundSql(
  resource: Resource,
  { rows, isBounded, groupBy, bucket }: Counting,
  builder: Kysely<AnyTables>,
): Sql {
  const eb = expressionBuilder<AnyTables, string>()
  const known = new Map(statesOf(resource))
  const members = [
    ...groupBy.map(({ name, isState }, i) => {
      const value = isState ? sql`${stateOf(resource)} collate "C"` : sql.ref(name)
      return sql`${value} as ${sql.ref(`g${i}`)}`
    }),
    ...states.map(state => {
      const predicate = known.get(state)
      const holds = predicate === undefined ? sql`false` : allOf([predicate])(eb)
      return sql`${holds} as ${sql.ref(`is_${state}`)}`
    }),
    ...(bucket === undefined ? [] : [sql`${sql.ref(bucket.field)} as t`]),
    sql`${durationOf(resource) ?? sql`null::bigint`} as took`,
  ]
  const kept = isBounded ? sql`materialized` : sql`not materialized`
  return sql`found as ${kept} (select ${sql.join(members)} from ${rows.build(builder).as('r')})`
}

interface GroupSlots {
  readonly top: Slot
  readonly fractions: Slot | undefined
}

function groupsSql(groupBy: readonly GroupColumn[], { top, fractions }: GroupSlots): Sql[] {
  const keys = groupBy.map((_, i) => sql.ref(`g${i}`))
  const order = sql.join([sql`n desc`, ...keys])
  const all = sql`all_groups as materialized (select ${sql.join(keys)}, ${counts} from found group by ${sql.join(keys)})`
  const tops = sql`top_groups as materialized (
    select ${sql.ref('g0')}, ${keys[1] ?? sql`null::text`} as g1, row_number() over (order by ${order}) as place, ${countNames}
    from all_groups order by ${order} limit ${top})`
  if (fractions === undefined)
    return [all, tops, sql`spreads as (select place, null::text as took from top_groups)`]
  // Durations are sorted, so only those of the groups that are told.
  const same = groupBy.map(({ isNullable }, i) =>
    sameSql(sql.ref(`found.g${i}`), sql.ref(`top_groups.g${i}`), isNullable),
  )
  const spreads = sql`spreads as (
    select place, ${percentilesSql(fractions)} as took
    from top_groups join found on ${sql.join(same, sql` and `)} group by place)`
  return [all, tops, spreads]
}

/** Equal or both null, in a form that can be hashed. */
function sameSql(a: Sql, b: Sql, isNullable: boolean): Sql {
  if (!isNullable) return sql`${a} = ${b}`
  return sql`coalesce(${a}, '') = coalesce(${b}, '') and (${a} is null) = (${b} is null)`
}

function percentilesSql(fractions: Slot): Sql {
  return sql`to_json(percentile_disc(${fractions}::float8[]) within group (order by took))::text`
}

function spreadOf(fractions: Slot, source: Sql): Sql {
  return sql`(select ${percentilesSql(fractions)} from ${source})`
}

interface TotalParts {
  readonly took: Sql | undefined
  readonly scale: Sql | undefined
}

function totalSql(base: Sql, { took, scale }: TotalParts): Sql {
  const sums = ['n', ...states].map(name => sql`coalesce(sum(${sql.ref(name)}), 0)::bigint`)
  const ends = ['lo', 'hi', 'step'].map(name =>
    scale === undefined ? sql`null::float8` : sql`(select ${sql.ref(name)} from scale)`,
  )
  return sql`select 'total', null::text, null::text, null::float8, ${sql.join(sums)}, ${took ?? sql`null::text`},
    ${sql.join(ends)} from ${base}`
}

const noEnds = sql`null::float8, null::float8, null::float8`

const groupRows = sql`select 'group', g0, g1, place::float8, ${countNames}, took, ${noEnds}
  from top_groups left join spreads using (place)`

const bucketRows = sql`select 'bucket', null, null, place, ${countNames}, null, ${noEnds}
  from slices where place is not null`

interface BucketSql {
  readonly key: string
  readonly steps: readonly Sql[]
  /** Where the length of the buckets is worked out, when it is not known before. */
  readonly scale: Sql | undefined
}

function bucketSql(bucket: Buckets, slot: (value: unknown) => Slot): BucketSql {
  const { known, step, field } = bucket
  const length = known?.step ?? (step === 'auto' ? undefined : step)
  const form = length === undefined ? 'any' : length < dayMs ? 'short' : 'days'
  const zone = form === 'short' ? undefined : slot(bucket.timeZone)
  const scale = known === undefined ? scaleSql(bucket, slot) : undefined
  const stepSql = scale === undefined ? sql`${slot(length)}::float8` : sql`(select step from scale)`
  const slices = sql`slices as materialized (
    select place, ${counts} from (
      select ${placeSql(form, stepSql, zone)} as place, ${sql.join(states.map(state => sql.ref(`is_${state}`)))}
      from found where ${stepSql} is not null
    ) as placed group by place)`
  return {
    key: `${field}|${form}|${scale?.key}`,
    steps: [...(scale?.steps ?? []), slices],
    scale: scale && sql`scale`,
  }
}

/** In which bucket `t` is, see Grid. */
function placeSql(form: 'short' | 'days' | 'any', step: Sql, zone: Slot | undefined): Sql {
  const short = sql`floor(round(date_part('epoch', t) * 1000) / ${step})`
  const days = sql`floor(((t at time zone ${zone}::text)::date - date '1970-01-01' - ${sql.lit(firstMonday)})
    / (${step} / ${sql.lit(dayMs)}))`
  if (form === 'short') return short
  return form === 'days' ? days : sql`case when ${step} < ${sql.lit(dayMs)} then ${short} else ${days} end`
}

/** The span of the rows where the conditions leave it open, and the first length that does not need too many buckets. */
function scaleSql(
  { given: { from, to }, now, step }: Buckets,
  slot: (value: unknown) => Slot,
): { readonly key: string; readonly steps: readonly Sql[] } {
  const { steps, most } = stepsOf(step)
  const ofRows = (end: 'min' | 'max'): Sql =>
    sql`(select round(date_part('epoch', ${sql.raw(end)}(t)) * 1000) from found)`
  const lo = from === undefined ? ofRows('min') : sql`${slot(from)}::float8`
  const last = from === undefined ? ofRows('max') : sql`greatest(${ofRows('max')}, ${slot(now)}::float8)`
  const hi = to === undefined ? last : sql`${slot(to)}::float8`
  const choice = sql`(select min(each) from unnest(${slot(steps)}::float8[]) as each
    where lo is null or hi is null or floor(hi / each) - floor(lo / each) < ${slot(most)}::float8)`
  return {
    key: `${from === undefined ? '' : 'from'}-${to === undefined ? '' : 'to'}`,
    steps: [
      sql`scale as materialized (select lo, hi, ${choice} as step from (select ${lo} as lo, ${hi} as hi) as span)`,
    ],
  }
}

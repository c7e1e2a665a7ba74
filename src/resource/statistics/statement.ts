import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { AnyTables } from '../../condition/compile.ts'
import { timestampOf } from '../../condition/value.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'
import type { SelectionShape } from '../select/selection.ts'
import { durationOf, stateOf } from '../state.ts'
import {
  type CountCells,
  cellCounter,
  cellsByState,
  counted,
  countedStates,
  stateMembers,
  sums,
} from './cells.ts'
import { dayMs, firstMonday, type Step, stepsOf } from './grid.ts'
import type { GivenSpan } from './span.ts'

/** What is counted, parsed; the rows are what a query finds. */
export interface Counting {
  readonly rows: SelectionShape
  /** Whether the rows are few: then they are read once. */
  readonly isBounded: boolean
  /** Whether indexes hold all that is counted; see cellCounter. */
  readonly isByIndex: boolean
  readonly groupBy: readonly GroupColumn[]
  readonly bucket: Buckets | undefined
  readonly percentiles: readonly number[]
  /** The most groups. */
  readonly top: number
}

/** A field, or `state`, by whose values records are counted. */
export interface GroupColumn {
  readonly name: string
  readonly isState: boolean
  readonly isNullable: boolean
}

/** How records are counted by time. Where the conditions leave an end open, the records found are the end. */
export interface Buckets {
  readonly field: string
  readonly timeZone: string
  readonly given: GivenSpan
  /** Epoch milliseconds: a span without an end ends now, or later where there are later records. */
  readonly now: number
  readonly step: Step
  /** When each begins, where that is known before anything is read: epoch milliseconds. */
  readonly starts: readonly number[] | undefined
}

/** A statement in the making: its form, its values, and the query. */
export interface CountingShape {
  readonly key: string
  readonly values: readonly unknown[]
  build(builder: Kysely<AnyTables>): RawBuilder<unknown>
}

type Sql = RawBuilder<unknown>

/** The columns of an answer: a `total`, then the groups and the buckets. */
export const columns = [
  'kind',
  'g0',
  'g1',
  'place',
  'n',
  ...countedStates,
  'took',
  'lo',
  'hi',
  'step',
] as const

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
  const { groupBy, isBounded, isByIndex, rows } = counting
  const form = `${groupBy.map(({ name }) => name)}|${isBounded}|${isByIndex}|${fractions !== undefined}`
  return {
    key: `${form}|${bucket?.key}|${rows.key}`,
    values,
    build(builder) {
      const count = cellCounter(resource, isByIndex)
      const fields = groupBy.flatMap(({ isState }, i) =>
        isState ? [] : [{ as: `g${i}`, value: sql.ref(`g${i}`) }],
      )
      const isOfSlices = fields.length === 0 && bucket !== undefined
      const isGrouped = groupBy.length > 0
      const steps = [
        foundSql(resource, counting, builder),
        ...(bucket === undefined ? [] : bucketSteps(bucket, count)),
        sql`cells as materialized (${isOfSlices ? sql`select ${sums} from slices` : count(fields)})`,
        ...(isGrouped ? groupSteps(resource, groupBy, { top, fractions }) : []),
      ]
      const answers = [
        totalSql(isGrouped ? undefined : fractions, bucket?.scale !== undefined),
        ...(isGrouped ? [groupRows] : []),
        ...(bucket === undefined ? [] : [bucketRows]),
      ]
      return sql`with ${sql.join(steps)} ${sql.join(answers, sql` union all `)}`
    },
  }
}

/** The rows found, with what is counted of each. Named so that each use of it is a scan of its own, unless they are few. */
function foundSql(
  resource: Resource,
  { rows, isBounded, groupBy, bucket }: Counting,
  builder: Kysely<AnyTables>,
): Sql {
  const members = [
    ...groupBy.map(({ name, isState }, i) => {
      const value = isState ? sql`(${stateOf(resource)}) collate "C"` : sql.ref(name)
      return sql`${value} as ${sql.ref(`g${i}`)}`
    }),
    ...stateMembers(resource),
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

function groupSteps(
  resource: Resource,
  groupBy: readonly GroupColumn[],
  { top, fractions }: GroupSlots,
): readonly Sql[] {
  const keys = groupBy.map((_, i) => sql.ref(`g${i}`))
  const order = sql.join([sql`n desc`, ...keys])
  const state = groupBy.findIndex(({ isState }) => isState)
  const cells =
    state < 0
      ? sql`cells`
      : sql`(${cellsByState(
          resource,
          keys.filter((_, i) => i !== state),
          `g${state}`,
        )}) as of_states`
  const tops = sql`top_groups as materialized (
    select g0, ${keys[1] ?? sql`null::text`} as g1, ${counted},
      row_number() over (order by ${order}) as place
    from ${cells} order by ${order} limit ${top})`
  if (fractions === undefined)
    return [tops, sql`spreads as (select place, null::text as took from top_groups)`]
  // Durations are sorted, so only those of the groups that are told.
  const same = groupBy.map(({ isNullable }, i) =>
    sameSql(sql.ref(`found.g${i}`), sql.ref(`top_groups.g${i}`), isNullable),
  )
  const spreads = sql`spreads as (
    select place, ${percentilesSql(fractions)} as took
    from top_groups join found on ${sql.join(same, sql` and `)} group by place)`
  return [tops, spreads]
}

/** Equal or both null, in a form that can be hashed. */
function sameSql(a: Sql, b: Sql, isNullable: boolean): Sql {
  if (!isNullable) return sql`${a} = ${b}`
  return sql`coalesce(${a}, '') = coalesce(${b}, '') and (${a} is null) = (${b} is null)`
}

function percentilesSql(fractions: Slot): Sql {
  return sql`to_json(percentile_disc(${fractions}::float8[]) within group (order by took))::text`
}

/** The total of all groups; with the percentiles of all rows, and the span that was found. */
function totalSql(fractions: Slot | undefined, hasScale: boolean): Sql {
  const took =
    fractions === undefined ? sql`null::text` : sql`(select ${percentilesSql(fractions)} from found)`
  const ends = ['lo', 'hi', 'step'].map(name =>
    hasScale ? sql`(select ${sql.ref(name)} from scale)` : sql`null::float8`,
  )
  return sql`select 'total', null::text, null::text, null::float8, ${sums}, ${took}, ${sql.join(ends)} from cells`
}

const noEnds = sql`null::float8, null::float8, null::float8`

const groupRows = sql`select 'group', g0, g1, place::float8, ${counted}, took, ${noEnds}
  from top_groups left join spreads using (place)`

const bucketRows = sql`select 'bucket', null, null, place, ${counted}, null, ${noEnds}
  from slices where place is not null`

interface BucketSql {
  readonly key: string
  /** Works out the length of the buckets, when it is not known before. */
  readonly scale: Sql | undefined
  readonly place: Sql
}

function bucketSql(bucket: Buckets, slot: (value: unknown) => Slot): BucketSql {
  const { starts, step, field } = bucket
  if (starts !== undefined) {
    // A search in a list, which is half the work of a division.
    const place = sql`width_bucket(t, ${slot(starts.map(timestampOf))}::timestamptz[])`
    return { key: `${field}|known`, scale: undefined, place: sql`${place}::float8` }
  }
  const form = step === 'auto' ? 'any' : step < dayMs ? 'short' : 'days'
  const zone = form === 'short' ? undefined : slot(bucket.timeZone)
  const scale = scaleSql(bucket, slot)
  return { key: `${field}|${form}|${scale.key}`, scale: scale.sql, place: placeSql(form, zone) }
}

/** `slices`: how many rows are in each bucket, by its place; without a time, under null. */
function bucketSteps({ scale, place }: BucketSql, count: CountCells): readonly Sql[] {
  const guard = scale && sql`${foundStep} is not null`
  const slices = sql`slices as materialized (${count([{ as: 'place', value: place, isWorkedOut: true }], guard)})`
  return scale === undefined ? [slices] : [scale, slices]
}

const foundStep = sql`(select step from scale)`

/** In which bucket of the length that was found `t` is, see Grid. */
function placeSql(form: 'short' | 'days' | 'any', zone: Slot | undefined): Sql {
  const short = sql`floor(round(date_part('epoch', t) * 1000) / ${foundStep})`
  const days = sql`floor(((t at time zone ${zone}::text)::date - date '1970-01-01' - ${sql.lit(firstMonday)})
    / (${foundStep} / ${sql.lit(dayMs)}))`
  if (form === 'short') return short
  return form === 'days'
    ? days
    : sql`case when ${foundStep} < ${sql.lit(dayMs)} then ${short} else ${days} end`
}

/** The span of the rows where the conditions leave it open, and the first length that does not need too many buckets. */
function scaleSql(
  { given: { from, to }, now, step }: Buckets,
  slot: (value: unknown) => Slot,
): { readonly key: string; readonly sql: Sql } {
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
    sql: sql`scale as materialized (
      select lo, hi, ${choice} as step from (select ${lo} as lo, ${hi} as hi offset 0) as span)`,
  }
}

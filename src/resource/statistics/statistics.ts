import type { Plan } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { invalidParams, type RpcError } from '../../errors.ts'
import type { Resource } from '../resource.ts'
import type { Access } from '../select/access.ts'
import { shapeFound } from '../select/found.ts'
import { durationOf, type State, statesOf } from '../state.ts'
import type { Reader } from '../table.ts'
import {
  chooseStep,
  type Grid,
  gridOf,
  maxBuckets,
  type Span,
  type Step,
  type Stretch,
  stretchesOf,
} from './grid.ts'
import { spanOf } from './span.ts'
import { type Buckets, type Counting, columns, type GroupColumn, shapeCounting } from './statement.ts'

export interface StatisticsOptions {
  /** Up to two of `groupNamesOf`. */
  readonly groupBy: readonly string[]
  readonly bucket: BucketOptions | undefined
  /** From 0 to 1, of the duration; only where a resource has one. */
  readonly percentiles: readonly number[]
  /** The most groups. */
  readonly top: number
}

export interface BucketOptions {
  /** Milliseconds; of a day and longer, whole days. */
  readonly ms: Step
  /** A time field; absent: the one that newest first goes by. */
  readonly field?: string | undefined
  /** By whose clock days are told apart; absent: UTC. */
  readonly time_zone?: string | undefined
}

export type ByState = Readonly<Record<State, number>>

export interface Group {
  /** The value of each field that was grouped by. */
  readonly key: Readonly<Record<string, string | null>>
  readonly count: number
  readonly by_state: ByState
  /** Milliseconds, by `p50` and the like; null where no record has ended. */
  readonly duration?: Readonly<Record<string, number | null>>
}

export interface Bucket {
  /** When it begins, epoch milliseconds. */
  readonly time: number
  readonly count: number
  readonly by_state: ByState
}

export interface Statistics {
  readonly total: number
  /** Those with the most records first; without a field to group by, one of all records. */
  readonly groups: readonly Group[]
  readonly buckets: readonly Bucket[]
  /** Whether there are more groups. */
  readonly truncated: boolean
}

/** What the records of a resource can be grouped by: what conditions can ask for again. */
export function groupNamesOf(resource: Resource): readonly string[] {
  const fields = resource.fields.filter(
    ({ kind, filter }) => (kind === 'name' || kind === 'enum') && filter !== false,
  )
  return [...fields.map(({ name }) => name), ...(statesOf(resource).length === 0 ? [] : ['state'])]
}

/** The times by which records can be put into buckets. */
export function bucketFieldsOf({ fields }: Resource): readonly string[] {
  return fields.filter(({ kind }) => kind === 'time').map(({ name }) => name)
}

export function hasDuration(resource: Resource): boolean {
  return durationOf(resource) !== undefined
}

/** Counts the records that a plan finds. Throws RpcError -32602 (reason `too_many_buckets`). */
export async function readStatistics(
  reader: Reader,
  { plan, access, now }: { readonly plan: Plan; readonly access: Access; readonly now: number },
  options: StatisticsOptions,
): Promise<Statistics> {
  const { resource, builder, cache, runner } = reader
  const bucket = options.bucket && planBuckets(resource, plan, options.bucket, now)
  const groupBy = options.groupBy.map(name => groupColumn(resource, name))
  const { percentiles, top } = options
  const isBounded = plan.limit !== undefined
  const isByIndex =
    !isBounded && percentiles.length === 0 && areIndexed(resource, access.predicates, { groupBy, bucket })
  const rows = await shapeFound(reader, plan, access)
  const counting: Counting = { rows, isBounded, isByIndex, groupBy, bucket, percentiles, top }
  const shape = shapeCounting(resource, counting)
  const statement = cache.get(`${resource.name}|statistics|${shape.key}`, () => {
    const query = shape.build(builder)
    return { compile: () => query.compile(builder) }
  })
  const answer = await runner.run(statement, shape.values)
  return statisticsOf(resource, answer.rows.map(readRow), counting)
}

/** Whether the indexes of name and time hold all that is asked for and counted: then the rows themselves need not be read. */
function areIndexed(
  { nameField, ordering: { time } }: Resource,
  predicates: readonly Predicate[],
  { groupBy, bucket }: Pick<Counting, 'groupBy' | 'bucket'>,
): boolean {
  const isIndexed = (predicate: Predicate): boolean => {
    if (predicate.type === 'and' || predicate.type === 'or') return predicate.all.every(isIndexed)
    return 'column' in predicate && [nameField, time].includes(predicate.column)
  }
  const areGroups = groupBy.every(({ name, isState }) => isState || name === nameField)
  return areGroups && (bucket === undefined || bucket.field === time) && predicates.every(isIndexed)
}

function groupColumn({ fields }: Resource, name: string): GroupColumn {
  const field = fields.find(each => each.name === name)
  return { name, isState: field === undefined, isNullable: field === undefined || field.nullable === true }
}

function planBuckets(
  resource: Resource,
  { predicates }: Plan,
  { ms: step, field = resource.ordering.time, time_zone: timeZone = 'UTC' }: BucketOptions,
  now: number,
): Buckets {
  const given = spanOf(predicates, field)
  const buckets = { field, timeZone, given, now, step }
  const { from, to } = given
  if (from === undefined || to === undefined || from > to) return { ...buckets, starts: undefined }
  const chosen = chooseStep({ from, to }, step)
  if (chosen === undefined) throw tooManyBuckets()
  const grid = gridOf(chosen, timeZone)
  const starts = bounded(grid, grid.indexOf(from), grid.indexOf(to)).map(({ time }) => time)
  return { ...buckets, starts }
}

/** A row of the answer, by its columns. */
type Told = Readonly<Record<(typeof columns)[number], unknown>>

function readRow(row: readonly unknown[]): Told {
  return Object.fromEntries(columns.map((name, i) => [name, row[i]])) as Told
}

function statisticsOf(
  resource: Resource,
  rows: readonly Told[],
  { groupBy, bucket, percentiles, top }: Counting,
): Statistics {
  const [total] = rows.filter(({ kind }) => kind === 'total')
  if (total === undefined) throw new TypeError('the statement answers a total')
  const groups = rows
    .filter(({ kind }) => kind === 'group')
    .toSorted((a, b) => Number(a.place) - Number(b.place))
  const countsOf = countsReader(resource)
  const read = (row: Told): Group => ({
    key: keyOf(row, groupBy),
    ...countsOf(row),
    ...(percentiles.length > 0 && { duration: durationsOf(row, percentiles) }),
  })
  const placed = rows.filter(({ kind }) => kind === 'bucket')
  const counted = new Map(placed.map(row => [Number(row.place), countsOf(row)]))
  return {
    total: Number(total.n),
    groups: groupBy.length === 0 ? [read(total)] : groups.slice(0, top).map(read),
    buckets: bucket === undefined ? [] : bucketsOf(total, bucket, counted),
    truncated: groups.length > top,
  }
}

function keyOf(row: Told, groupBy: readonly GroupColumn[]): Group['key'] {
  const texts = [row.g0, row.g1].map(value => (value === null ? null : String(value)))
  return Object.fromEntries(groupBy.map(({ name }, i) => [name, texts[i] ?? null]))
}

type Counts = Pick<Group, 'count' | 'by_state'>

/** What is in no other state is a success, where there are any, see countedStates. */
function countsReader(resource: Resource): (row: Told) => Counts {
  const hasSuccess = statesOf(resource).some(([state]) => state === 'success')
  return row => {
    const count = Number(row.n)
    const [failure, running, waiting] = [Number(row.failure), Number(row.running), Number(row.waiting)]
    const success = hasSuccess ? count - failure - running - waiting : 0
    return { count, by_state: { success, failure, running, waiting } }
  }
}

/** The fraction 0.95 is `p95`, 0.999 is `p99.9`. */
function durationsOf({ took }: Told, percentiles: readonly number[]): Record<string, number | null> {
  const read: readonly (number | null)[] = typeof took === 'string' ? JSON.parse(took) : []
  return Object.fromEntries(
    percentiles.map((fraction, i) => [`p${Number((fraction * 100).toPrecision(12))}`, read[i] ?? null]),
  )
}

function bucketsOf(
  total: Told,
  { starts, timeZone }: Buckets,
  counted: ReadonlyMap<number, Counts>,
): readonly Bucket[] {
  const bucketOf = (time: number, place: number): Bucket => ({ time, ...(counted.get(place) ?? none) })
  if (starts !== undefined) return starts.map((time, i) => bucketOf(time, i + 1))
  const span = spanRead(total)
  if (span === undefined) return []
  const grid = gridOf(span.step, timeZone)
  // The database may know other rules of the zone than we do.
  const first = Math.min(grid.indexOf(span.from), ...counted.keys())
  const last = Math.max(grid.indexOf(span.to), ...counted.keys())
  return bounded(grid, first, last).map(({ index, time }) => bucketOf(time, index))
}

const none: Counts = { count: 0, by_state: { success: 0, failure: 0, running: 0, waiting: 0 } }

function bounded(grid: Grid, first: number, last: number): readonly Stretch[] {
  if (last - first >= maxBuckets) throw tooManyBuckets()
  return stretchesOf(grid, first, last)
}

/** The span that the statement found; undefined where nothing has a time. */
function spanRead({ lo, hi, step }: Told): (Span & { readonly step: number }) | undefined {
  if (lo === null || hi === null || Number(lo) > Number(hi)) return undefined
  if (step === null) throw tooManyBuckets()
  return { from: Number(lo), to: Number(hi), step: Number(step) }
}

function tooManyBuckets(): RpcError {
  const message = `there would be more than ${maxBuckets} buckets: expected longer ones, or a shorter time`
  return invalidParams('bucket.ms', message, 'too_many_buckets')
}

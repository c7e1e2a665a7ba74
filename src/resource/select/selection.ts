import { type Expression, type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import { type AnyTables, allOf } from '../../condition/compile.ts'
import type { Order } from '../../condition/cursor.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'

type Builder = Kysely<AnyTables>
type Rows = SelectQueryBuilder<AnyTables, string, Record<string, unknown>>

/** Which rows, in which order: what queries and pages read. */
export interface Selection {
  /** Disjoint sets of rows, each the conjunction of its predicates; usually one. */
  readonly segments: readonly (readonly Predicate[])[]
  /**
   * When given, only rows whose name is one of these, read as one index range a name and merged: newest first over
   * a few of many names then reads little more than it returns.
   */
  readonly names: readonly string[] | undefined
  readonly order: Order
  readonly limit: number
}

/** A selection split into the form of its SQL and the values to bind. */
export interface SelectionShape {
  readonly key: string
  readonly values: readonly unknown[]
  build(builder: Builder): Rows
}

/** The most names that a merge takes; with more, rows are scanned in order. Finding and opening so many reads up to 1000 rows. */
export const maxMergedNames = 475

// The planner must know roughly how many rows are wanted; a bound limit tells it nothing.
const limitSteps = [1, 10, 100, 1000, 10_000, Number.MAX_SAFE_INTEGER]

/**
 * Up to so many rows are read of each name in a loop over the names. A merge opens a range for each name before it reads: for 400
 * names planning takes a tenth of a second, which for few rows is longer than reading them all.
 */
const maxLoopedRows = 100

/** What one index range of few rows serves: rows of one name, of one key, or of any, newest first. */
export function isIndexRange(
  { nameField, ordering: { time, key } }: Resource,
  { segments: [segment = [], ...others], names, limit }: Selection,
): boolean {
  if (others.length > 0 || names !== undefined || limit > 100) return false
  return segment.every(predicate => {
    switch (predicate.type) {
      case 'equal':
        return predicate.column === nameField || predicate.column === key
      case 'time_from':
      case 'time_to':
        return predicate.column === time
      default:
        return false
    }
  })
}

/** Rows of all the resource's columns, ordered, at most `limit`. */
export function shapeSelection(resource: Resource, selection: Selection): SelectionShape {
  const { segments, names, order, limit } = selection
  const shapes = segments.map(shapeOf)
  const step = limitSteps.find(each => limit <= each) ?? limit
  const isLooped = names !== undefined && step <= maxLoopedRows
  const branches = names === undefined || isLooped ? 0 : branchCount(names.length)
  const segmentValues = shapes.flatMap(shape => shape.values)
  const namesSlot = segmentValues.length
  const values = [...segmentValues, ...(names === undefined ? [] : [names]), limit]
  // The common case: the limit is a step, so no second limit is needed.
  const isPlain = segments.length === 1 && names === undefined && limit === step
  return {
    key: `${order}|${step}|${isPlain}|${isLooped ? 'each' : branches}|${shapes.map(shape => shape.key).join('|')}`,
    values,
    build: builder => {
      const first = (rows: Rows) => ordered(rows, resource, order).limit(sql.lit(step))
      const sources = segments.flatMap((segment, i) => {
        const firstSlot = shapes.slice(0, i).reduce((sum, shape) => sum + shape.values.length, 0)
        const source = (name?: Expression<unknown>) =>
          first(segmentRows(builder, resource, { segment, firstSlot, name }))
        if (isLooped) return [first(rowsOfEach(builder, namesSlot, source))]
        if (branches === 0) return [source()]
        return Array.from({ length: branches }, (_, n) => source(nameAt(namesSlot, n)))
      })
      if (isPlain && sources[0] !== undefined) return sources[0]
      const rows = first(union(builder, sources))
      return ordered(builder.selectFrom(rows.as('r')).selectAll(), resource, order).limit(
        sql<number>`${new Slot(values.length - 1)}`,
      )
    },
  }
}

/** All rows of all the resource's columns that fulfil the predicates, in no order. */
export function shapeRows({ table, fields }: Resource, predicates: readonly Predicate[]): SelectionShape {
  return {
    ...shapeOf(predicates),
    build: builder =>
      builder
        .selectFrom(table)
        .select(fields.map(field => field.name))
        .where(allOf(predicates)),
  }
}

function rowsOfEach(builder: Builder, slot: number, source: (name: Expression<unknown>) => Rows): Rows {
  const names = sql<{ name: string }>`unnest(${new Slot(slot)}::text[])`.as<'wanted'>(sql`wanted(name)`)
  return builder
    .selectFrom(names)
    .innerJoinLateral(source(sql.ref('wanted.name')).as('of_name'), join => join.onTrue())
    .selectAll('of_name') as unknown as Rows
}

/** Few shapes serve every number of names; the places left over are null, which equals nothing. */
function branchCount(names: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(names, 1)))
}

function nameAt(slot: number, index: number): Expression<unknown> {
  return sql`(${new Slot(slot)}::text[])[${sql.lit(index + 1)}]`
}

interface Segment {
  readonly segment: readonly Predicate[]
  readonly firstSlot: number
  readonly name: Expression<unknown> | undefined
}

function segmentRows(builder: Builder, resource: Resource, { segment, firstSlot, name }: Segment): Rows {
  const columns = resource.fields.map(field => field.name)
  const rows = builder.selectFrom(resource.table).select(columns).where(allOf(segment, firstSlot))
  return name === undefined ? rows : rows.where(resource.nameField, '=', name)
}

// Each source is ordered and limited by itself: only then does PostgreSQL read it along an index and merge.
function union(builder: Builder, sources: readonly Rows[]): Rows {
  const [first, ...others] = sources.map(source => builder.selectFrom(source.as('s')).selectAll() as Rows)
  if (first === undefined) throw new TypeError('a selection needs a segment')
  const all = others.reduce((sum, each) => sum.unionAll(each) as Rows, first)
  return builder.selectFrom(all.as('u')).selectAll() as Rows
}

/** The one order of a resource's records; `oldest` is the exact reverse of `newest`. */
export function ordered(rows: Rows, { ordering }: Resource, order: Order): Rows {
  const { time, timeNullable, key } = ordering
  if (order === 'oldest') {
    return rows
      .orderBy(time, item => (timeNullable ? item.asc().nullsFirst() : item.asc()))
      .orderBy(key, 'asc')
  }
  return rows
    .orderBy(time, item => (timeNullable ? item.desc().nullsLast() : item.desc()))
    .orderBy(key, 'desc')
}

import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { Slot } from '../database/statement.ts'
import { type Leaf, type Predicate, searchSeparator } from './predicate.ts'
import { valuesOf } from './shape.ts'

/** Tables and columns by name: a resource's are known when it is declared, not when this is compiled. */
export type AnyTables = Record<string, Record<string, unknown>>

type Builder = ExpressionBuilder<AnyTables, string>
type Condition = Expression<SqlBool>

/** Takes the next slot of a statement; they are numbered in the order in which `shapeOf` lists the values. */
type TakeSlot = () => Slot

/**
 * The SQL of a predicate. No value is in it: each place is a Slot, numbered in the order of `shapeOf`'s values.
 * Every expression is true or false, or null where a column is null; `not` counts null as false.
 */
function compilePredicate(eb: Builder, predicate: Predicate, takeSlot: TakeSlot): Condition {
  switch (predicate.type) {
    case 'and':
      return eb.and(predicate.all.map(each => compilePredicate(eb, each, takeSlot)))
    case 'or':
      return eb.or(predicate.all.map(each => compilePredicate(eb, each, takeSlot)))
    case 'not':
      return sql<SqlBool>`(${compilePredicate(eb, predicate.predicate, takeSlot)}) is not true`
    default:
      return compileLeaf(eb, predicate, valuesOf(predicate).map(takeSlot))
  }
}

/** For `where`: every one of the predicates; none at all is fulfilled by every row. Slots start at `firstSlot`. */
export function allOf(predicates: readonly Predicate[], firstSlot = 0): (eb: Builder) => Condition {
  return eb => {
    let next = firstSlot
    const takeSlot = () => new Slot(next++)
    return eb.and(predicates.map(predicate => compilePredicate(eb, predicate, takeSlot)))
  }
}

function compileLeaf(eb: Builder, leaf: Leaf, slots: readonly Slot[]): Condition {
  const [first, second, third] = slots
  switch (leaf.type) {
    case 'equal':
      return eb(eb.ref(leaf.column), '=', leaf.isLiteral === true ? sql.lit(leaf.value) : first)
    case 'any':
      if (leaf.isLiteral !== true) return sql<SqlBool>`${eb.ref(leaf.column)} = any(${first})`
      if (leaf.values.length === 0) return sql<SqlBool>`false`
      return sql<SqlBool>`${eb.ref(leaf.column)} in (${sql.join(leaf.values.map(value => sql.lit(value)))})`
    case 'prefix':
      return eb.and([eb(eb.ref(leaf.column), '>=', first), eb(eb.ref(leaf.column), '<', second)])
    case 'time_from':
      return eb(eb.ref(leaf.column), '>=', first)
    case 'time_to':
      return eb(eb.ref(leaf.column), '<=', first)
    case 'elapsed_from':
      return sql<SqlBool>`${elapsed(eb, leaf)} >= ${interval(first)}`
    case 'elapsed_to':
      return sql<SqlBool>`${elapsed(eb, leaf)} <= ${interval(first)}`
    case 'null':
      return eb(eb.ref(leaf.column), 'is', null)
    case 'not_null':
      return eb(eb.ref(leaf.column), 'is not', null)
    case 'json_contains':
      return sql<SqlBool>`${eb.ref(leaf.column)} @> ${first}::text::jsonb`
    case 'path_equals':
      // What is at the path is contained, too: that finds the records by an index.
      return sql<SqlBool>`(${eb.ref(leaf.column)} @> ${first}::text::jsonb and ${valueAt(eb, leaf, second)} = ${third}::text::jsonb)`
    case 'path_any':
      return sql<SqlBool>`${valueAt(eb, leaf, first)} = any(${second}::text[]::jsonb[])`
    case 'path_contains':
      return sql<SqlBool>`${valueAt(eb, leaf, first)} @> ${second}::text::jsonb`
    case 'path_compare':
      return sql<SqlBool>`jsonb_path_match(${eb.ref(leaf.column)}, ${first}::text::jsonpath, ${second}::text::jsonb, true)`
    case 'path_exists':
      return sql<SqlBool>`jsonb_path_exists(${eb.ref(leaf.column)}, ${first}::text::jsonpath, '{}', true)`
    case 'text_contains':
      return sql<SqlBool>`position(lower(${first}) in lower(${eb.ref(leaf.column)})) > 0`
    case 'search':
      return sql<SqlBool>`position(lower(${first}) in lower(concat_ws(${sql.lit(searchSeparator)}, ${refs(eb, [...leaf.texts, ...leaf.payloads])}) collate "default")) > 0`
    case 'time_since':
      throw new TypeError('a statement compares with a time, see PlanOptions')
    case 'before':
      return sql<SqlBool>`(${refs(eb, leaf.columns)}) < (${sql.join(slots)})`
    case 'after':
      return sql<SqlBool>`(${refs(eb, leaf.columns)}) > (${sql.join(slots)})`
    case 'nothing':
      return sql<SqlBool>`false`
  }
}

/** The value at a path; null where there is none. */
function valueAt(
  eb: Builder,
  { column }: { readonly column: string },
  path: Slot | undefined,
): Expression<unknown> {
  return sql`jsonb_path_query_first(${eb.ref(column)}, ${path}::text::jsonpath, '{}', true)`
}

function refs(eb: Builder, columns: readonly string[]): Expression<unknown> {
  return sql.join(columns.map(column => eb.ref(column)))
}

function elapsed(
  eb: Builder,
  leaf: { readonly minuend: string; readonly subtrahend: string },
): Expression<unknown> {
  return sql`(${eb.ref(leaf.minuend)} - ${eb.ref(leaf.subtrahend)})`
}

function interval(milliseconds: Slot | undefined): Expression<unknown> {
  return sql`make_interval(secs => ${milliseconds}::float8 / 1000)`
}

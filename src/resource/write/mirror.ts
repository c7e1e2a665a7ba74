import { sql } from 'kysely'
import { withAdvisoryLock } from '../../database/locks.ts'
import type { Statement } from '../../database/statement.ts'
import type { MergeRule, ResourceField } from '../resource.ts'
import type { BoundRow } from '../row.ts'
import type { Table } from '../table.ts'
import { insertRows } from './append.ts'
import { givenRows, givenValues } from './given-rows.ts'
import { mergeDigest, mergeStatement } from './merge.ts'

/** A row that its source may send again and again. */
export interface MirroredRow<Row = BoundRow> {
  readonly row: Row
  /** Its source counts, so the record keeps the higher count; else each row adds to the count, as an append does. */
  readonly isCounted: boolean
  /** `identity` of the merge rule names the record, whatever else of it has changed since. */
  readonly isNamed: boolean
}

/** The latest of the counted rows of one record, and all of them. */
interface State {
  readonly latest: MirroredRow
  readonly of: readonly MirroredRow[]
}

/**
 * Records rows of the object `name`; `table` runs in a transaction, which no other for this object overlaps. Resolves to
 * their ids, in order.
 */
export async function mirrorRows(
  table: Table,
  rule: MergeRule,
  name: string,
  rows: readonly MirroredRow[],
): Promise<readonly number[]> {
  const object = `${table.resource.name}/${name}`
  return withAdvisoryLock(table.runner, object, () => mirrorAll(table, rule, rows))
}

async function mirrorAll(
  table: Table,
  rule: MergeRule,
  rows: readonly MirroredRow[],
): Promise<readonly number[]> {
  const fields = table.resource.appended
  const ids = new Map<MirroredRow, number>()
  const answer = ({ of }: State, id: number): void => {
    for (const row of of) ids.set(row, id)
  }
  const counted = statesOf(fields, rule, rows)
  const fresh: State[] = []
  for (const isNamed of [true, false]) {
    const states = counted.filter(state => state.latest.isNamed === isNamed)
    const there = await updateThere(table, rule, states)
    for (const [i, state] of states.entries()) {
      const id = there.get(i)
      if (id === undefined) fresh.push(state)
      else answer(state, id)
    }
  }
  const made = await insertStates(table, rule, fresh)
  for (const [i, state] of fresh.entries()) answer(state, made[i] ?? 0)
  const others = rows.filter(each => !each.isCounted)
  const bound = others.map(each => each.row)
  const added = bound.length === 0 ? [] : await insertRows(table, bound)
  for (const [i, row] of others.entries()) ids.set(row, added[i] ?? 0)
  return rows.map(row => ids.get(row) ?? 0)
}

/** One state a record: of those that say of the same, the content of the highest count and the times of all. */
function statesOf(
  fields: readonly ResourceField[],
  rule: MergeRule,
  rows: readonly MirroredRow[],
): readonly State[] {
  const place = (name: string): number => fields.findIndex(field => field.name === name)
  const [count, first, last] = [rule.count, rule.first, rule.last].map(place) as [number, number, number]
  const keyOf = ({ row, isNamed }: MirroredRow): string => {
    const own = row.filter((_, i) => ![count, first, last].includes(i))
    return JSON.stringify(isNamed ? rule.identity.map(name => row[place(name)]) : [null, ...own])
  }
  const groups = Map.groupBy(
    rows.filter(each => each.isCounted),
    keyOf,
  )
  return [...groups.values()].map(of => {
    const highest = of.reduce((a, b) => (Number(b.row[count]) >= Number(a.row[count]) ? b : a))
    const row = highest.row.map((value, i) => {
      if (i === first) return Math.min(...of.map(each => Number(each.row[first])))
      return i === last ? Math.max(...of.map(each => Number(each.row[last]))) : value
    })
    return { latest: { ...highest, row }, of }
  })
}

/** Brings the records that are there up to the states. Resolves to their ids, by the place of their state. */
async function updateThere(
  table: Table,
  rule: MergeRule,
  states: readonly State[],
): Promise<ReadonlyMap<number, number>> {
  const [first] = states
  if (first === undefined) return new Map()
  const statement = updateStatement(table, rule, first.latest.isNamed ? rule.identity : [rule.key])
  const latest = states.map(state => state.latest.row)
  const { rows } = await table.runner.run(statement, givenValues(table.resource.appended, latest))
  return new Map(rows.map(([place, id]) => [Number(place) - 1, Number(id)]))
}

function updateStatement(
  { resource, builder, cache }: Table,
  rule: MergeRule,
  match: readonly string[],
): Statement {
  return cache.get(`${resource.name}|mirror|${match.join()}`, () => {
    const { appended: fields } = resource
    const table = sql.table(resource.table)
    const [key, id] = [sql.ref(rule.key), sql.ref(resource.ordering.key)]
    const [count, first, last] = [rule.count, rule.first, rule.last].map(sql.ref) as [Ref, Ref, Ref]
    const same = match.map(name => sql`t.${sql.ref(name)} = g.${sql.ref(name)}`)
    const columns = [rule.key, ...fields.map(field => field.name)].filter(
      name => name !== rule.first && name !== rule.last,
    )
    const update = sql`with given as materialized (
      select *, ${mergeDigest(rule, fields)} as ${key} from ${givenRows(fields)}
    ), found as materialized (
      select g.*, there.id as found_id from given as g cross join lateral (
        select t.${id} as id from ${table} as t where ${sql.join(same, sql` and `)}
        order by t.${key} = g.${key} desc, t.${id} desc limit 1
      ) as there
    ), changed as (
      update ${table} as t set ${sql.join(columns.map(name => sql`${sql.ref(name)} = f.${sql.ref(name)}`))},
        ${first} = least(t.${first}, f.${first}), ${last} = greatest(t.${last}, f.${last})
      from found as f
      where t.${id} = f.found_id and f.${count} >= t.${count} and (
        t.${key} <> f.${key} or t.${count} < f.${count} or t.${first} > f.${first} or t.${last} < f.${last})
    )
    select place, found_id from found order by place`
    return { compile: () => update.compile(builder) }
  })
}

type Ref = ReturnType<typeof sql.ref>

async function insertStates(
  { resource, builder, cache, runner }: Table,
  rule: MergeRule,
  states: readonly State[],
): Promise<readonly number[]> {
  if (states.length === 0) return []
  const statement = cache.get(`${resource.name}|append-highest`, () =>
    mergeStatement({ resource, builder }, rule, 'highest'),
  )
  const latest = states.map(state => state.latest.row)
  const values = givenValues(resource.appended, latest)
  return (await runner.run(statement, values)).rows.map(([id]) => Number(id))
}

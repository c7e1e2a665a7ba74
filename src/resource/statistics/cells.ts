import { expressionBuilder, type RawBuilder, sql } from 'kysely'
import { type AnyTables, allOf } from '../../condition/compile.ts'
import type { Resource } from '../resource.ts'
import { type State, states, statesOf } from '../state.ts'

type Sql = RawBuilder<unknown>

/** The states that are counted. What is none of them is a success, where the resource has any: no record is in no state then. */
export const countedStates = states.filter(state => state !== 'success')

/** The columns of a count: how many rows there are, and how many in each of `countedStates`. */
export const counted = sql.join([sql`n`, ...countedStates.map(state => sql.ref(state))])

/** The sums of counts; one row. */
export const sums = sql.join(
  ['n', ...countedStates].map(name => sql`coalesce(sum(${sql.ref(name)}), 0)::bigint as ${sql.ref(name)}`),
)

/** A row's members `is_failure` and so on. */
export function stateMembers(resource: Resource): readonly Sql[] {
  const eb = expressionBuilder<AnyTables, string>()
  const known = new Map(statesOf(resource))
  return countedStates.map(state => {
    const predicate = known.get(state)
    return sql`${predicate === undefined ? sql`false` : allOf([predicate])(eb)} as ${sql.ref(isOf(state))}`
  })
}

/** What the rows found are counted by. */
export interface CellKey {
  readonly as: string
  readonly value: Sql
  /** It is worked out, so that nothing is known of how many values there are. */
  readonly isWorkedOut?: true
}

/** The SQL that counts the rows of `found` by keys, of those that fulfil `where`. */
export type CountCells = (keys: readonly CellKey[], where?: Sql) => Sql

/**
 * How rows are counted. By index: all of them, and those of each state alone, each by an index that holds all it takes, as a
 * row is ten times as long as its entry. Else once, with a look at the state of each.
 */
export function cellCounter(resource: Resource, isByIndex: boolean): CountCells {
  const known = statesOf(resource).flatMap(([state]) => (state === 'success' ? [] : [state]))
  return (keys, where) => {
    if (!isByIndex) return countOnce(keys, where)
    const parts = [undefined, ...known].map(state => countPart(keys, where, state))
    const names = namesOf(keys)
    return sql`select ${sql.join([...names, sums])} from (${sql.join(parts, sql` union all `)}) as parts ${groupBy(names)}`
  }
}

function countOnce(keys: readonly CellKey[], where: Sql | undefined): Sql {
  const names = namesOf(keys)
  const counts = [
    sql`count(*) as n`,
    ...countedStates.map(state => sql`count(*) filter (where ${sql.ref(isOf(state))}) as ${sql.ref(state)}`),
  ]
  const states = countedStates.map(state => sql.ref(isOf(state)))
  return sql`select ${sql.join([...names, ...counts])} from ${rowsOf(keys, where, states)} ${groupBy(names)}`
}

/** How many rows are in a state; undefined: in any. */
function countPart(keys: readonly CellKey[], where: Sql | undefined, state: State | undefined): Sql {
  const names = namesOf(keys)
  const counts = [undefined, ...countedStates].map(each =>
    each === state ? sql`count(*) as ${sql.ref(each ?? 'n')}` : sql`0 as ${sql.ref(each ?? 'n')}`,
  )
  const holds = [
    ...(where === undefined ? [] : [where]),
    ...(state === undefined ? [] : [sql.ref(isOf(state))]),
  ]
  const all = holds.length === 0 ? undefined : sql.join(holds, sql` and `)
  return sql`select ${sql.join([...names, ...counts])} from ${rowsOf(keys, all, [])} ${groupBy(names)}`
}

/** The rows of `found` with their keys and more of their members. */
function rowsOf(keys: readonly CellKey[], where: Sql | undefined, members: readonly Sql[]): Sql {
  const own = keys.map(({ as, value }) => sql`${value} as ${sql.ref(as)}`)
  const rows = sql`select ${sql.join([...own, ...members, sql`1 as one`])} from found ${where === undefined ? sql`` : sql`where ${where}`}`
  // The offset hides what the key is worked out of. Of that PostgreSQL would take each row for a group, and sort them all.
  const fence = keys.some(({ isWorkedOut }) => isWorkedOut) ? sql`offset 0` : sql``
  return sql`(${rows} ${fence}) as keyed`
}

function namesOf(keys: readonly CellKey[]): readonly Sql[] {
  return keys.map(({ as }) => sql.ref(as))
}

function groupBy(names: readonly Sql[]): Sql {
  return names.length === 0 ? sql`` : sql`group by ${sql.join(names)}`
}

function isOf(state: State): string {
  return `is_${state}`
}

/** The counts of `cells` by state as well: a row for each state that there is, under the name `as`. */
export function cellsByState(resource: Resource, keys: readonly Sql[], as: string): Sql {
  const known = statesOf(resource).map(([state]) => state)
  const rest = sql`n - ${sql.join(
    countedStates.map(state => sql.ref(state)),
    sql` - `,
  )}`
  const restState = known.includes('success') ? sql`'success'` : sql`null`
  const rows = [
    sql`(${restState}, ${rest})`,
    ...countedStates.map(state => sql`(${sql.lit(state)}, ${sql.ref(state)})`),
  ]
  const members = [
    ...keys,
    sql`s.state collate "C" as ${sql.ref(as)}`,
    sql`s.n as n`,
    ...countedStates.map(
      state => sql`case when s.state = ${sql.lit(state)} then s.n else 0 end as ${sql.ref(state)}`,
    ),
  ]
  return sql`select ${sql.join(members)} from cells
    cross join lateral (values ${sql.join(rows)}) as s(state, n) where s.n > 0`
}

import { expressionBuilder, type RawBuilder, sql } from 'kysely'
import { type AnyTables, allOf } from '../condition/compile.ts'
import { elapsedOf } from '../condition/language.ts'
import type { Predicate } from '../condition/predicate.ts'
import { shapeOf } from '../condition/shape.ts'
import type { Resource } from './resource.ts'

/** What became of a record, as the words of its resource tell: `is_success`, `is_failure`, `is_running`, `is_waiting`. */
export const states = ['success', 'failure', 'running', 'waiting'] as const

export type State = (typeof states)[number]

/** What a record in each state fulfils; a resource without the word of a state has no such records. */
export function statesOf({ name, language }: Resource): readonly (readonly [State, Predicate])[] {
  return states.flatMap(state => {
    const predicate = language.words.get(`is_${state}`)?.predicate
    if (predicate === undefined) return []
    if (shapeOf([predicate]).values.length === 0) return [[state, predicate] as const]
    throw new TypeError(`${name}: the values of is_${state} are not literal`)
  })
}

/** The SQL of a record's state; null where it has none. */
export function stateOf(resource: Resource): RawBuilder<State | null> {
  const eb = expressionBuilder<AnyTables, string>()
  const cases = statesOf(resource).map(
    ([state, predicate]) => sql`when ${allOf([predicate])(eb)} then ${sql.lit(state)}`,
  )
  return cases.length === 0 ? sql`null::text` : sql`case ${sql.join(cases, sql` `)} end`
}

/** The SQL of how many milliseconds a record took; null where it has not ended; undefined where the resource's have no duration. */
export function durationOf({ fields }: Resource): RawBuilder<number | null> | undefined {
  const elapsed = elapsedOf(fields)
  if (elapsed === undefined) return undefined
  const { minuend, subtrahend } = elapsed
  return sql`(date_part('epoch', ${sql.ref(minuend)} - ${sql.ref(subtrahend)}) * 1000)::bigint`
}

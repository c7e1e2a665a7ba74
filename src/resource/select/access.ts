import { sql } from 'kysely'
import { prefixed } from '../../condition/language.ts'
import type { Plan } from '../../condition/plan.ts'
import { or, type Predicate } from '../../condition/predicate.ts'
import { Slot } from '../../database/statement.ts'
import { type Identity, type NameSet, requirePermission, requireSome } from '../../permission/grant.ts'
import { everyName } from '../../permission/name-set.ts'
import { prefixUpperBound } from '../../permission/pattern.ts'
import { actionOf, type Resource, type Verb } from '../resource.ts'
import type { Table } from '../table.ts'
import { maxMergedNames } from './selection.ts'

/** Which of the rows that a plan finds the caller may have. */
export interface Access {
  /** What the rows must fulfil. */
  readonly predicates: readonly Predicate[]
  /** The only names that rows can have; everything where nothing narrows them down. */
  readonly names: NameSet
  /** What the rows must fulfil beside having one of these names, for a statement that is merged by name. */
  readonly beside: readonly Predicate[]
}

/**
 * Adds what the caller is permitted to a plan. Throws RpcError 102 when the plan names an object that is not, or when
 * the caller may do this to no object at all.
 */
export function planAccess(resource: Resource, verb: Verb, caller: Identity, plan: Plan): Access {
  const action = actionOf(resource, verb)
  for (const name of plan.names) requirePermission(caller, action, name)
  const { predicates } = plan
  // The one name at the top was permitted above, and no row with another name can be found.
  if (predicates.some(predicate => isName(resource, predicate) && predicate.type === 'equal')) {
    return filtered(predicates)
  }
  const permitted = requireSome(caller, action)
  const listed = predicates.find(predicate => isName(resource, predicate) && predicate.type === 'any')
  if (listed?.type === 'any') {
    return {
      predicates,
      names: { everything: false, names: [...new Set(listed.values.map(String))], prefixes: [] },
      beside: predicates.filter(predicate => predicate !== listed),
    }
  }
  if (permitted.everything) return filtered(predicates)
  return {
    predicates: [...predicates, withinNames(resource, permitted)],
    names: permitted,
    beside: predicates,
  }
}

/** Rows that predicates alone tell from others. */
export function filtered(predicates: readonly Predicate[]): Access {
  return { predicates, names: everyName, beside: predicates }
}

/** What a row must fulfil for the caller to do this to it. Throws RpcError 102 when there can be no such row. */
export function rowFilter(resource: Resource, verb: Verb, caller: Identity): readonly Predicate[] {
  const permitted = requireSome(caller, actionOf(resource, verb))
  return permitted.everything ? [] : [withinNames(resource, permitted)]
}

/** An identity keeps its sets, each for one permission and so for one resource. */
const known = new WeakMap<NameSet, { readonly nameField: string; readonly predicate: Predicate }>()

function withinNames({ nameField }: Resource, set: NameSet): Predicate {
  const before = known.get(set)
  if (before?.nameField === nameField) return before.predicate
  const { names, prefixes } = set
  const listed: readonly Predicate[] =
    names.length === 0 ? [] : [{ type: 'any', column: nameField, values: names }]
  const predicate = or(...listed, ...prefixes.map(prefix => prefixed(nameField, prefix)))
  known.set(set, { nameField, predicate })
  return predicate
}

function isName({ nameField }: Resource, predicate: Predicate): boolean {
  return 'column' in predicate && predicate.column === nameField
}

/** For how many milliseconds it is remembered that a set holds too many names: finding that out costs more than most queries. */
const tooManyMs = 1000

/** Until when, for each set (an identity keeps its sets), by `performance.now()`. */
const tooManyUntil = new WeakMap<NameSet, number>()

/**
 * The names in the table that the set holds, or undefined when there are more than a merge may have. Hops along
 * the name index from one name to the next (PostgreSQL wiki, "Loose indexscan"), one index entry a name. That there are too many
 * is remembered for a second: it decides how rows are read, not which.
 */
export async function resolveNames(
  { resource, builder, cache, runner }: Table,
  set: NameSet,
): Promise<readonly string[] | undefined> {
  if (set.everything || set.names.length > maxMergedNames) return undefined
  if (set.prefixes.length === 0) return set.names
  if (performance.now() < (tooManyUntil.get(set) ?? 0)) return undefined

  const statement = cache.get(`${resource.name}|names`, () => {
    const name = sql.ref(resource.nameField)
    const table = sql.table(resource.table)
    const names = sql`with recursive hop(upper, name) as (
      select p.upper, (select ${name} from ${table} where ${name} >= p.lower and ${name} < p.upper order by 1 limit 1)
      from unnest(${new Slot(0)}::text[], ${new Slot(1)}::text[]) as p(lower, upper)
      union all
      select h.upper, (select ${name} from ${table} where ${name} > h.name and ${name} < h.upper order by 1 limit 1)
      from hop as h where h.name is not null
    ) select name from hop where name is not null limit ${new Slot(2)}`
    return { compile: () => names.compile(builder) }
  })
  const most = maxMergedNames - set.names.length
  const bounds = set.prefixes.map(prefixUpperBound)
  const { rows } = await runner.run(statement, [set.prefixes, bounds, most + 1])
  if (rows.length > most) {
    tooManyUntil.set(set, performance.now() + tooManyMs)
    return undefined
  }
  return [...set.names, ...rows.map(([name]) => String(name))]
}

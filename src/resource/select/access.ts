import { prefixed } from '../../condition/language.ts'
import type { Plan } from '../../condition/plan.ts'
import { or, type Predicate } from '../../condition/predicate.ts'
import { type Identity, type NameSet, requirePermission, requireSome } from '../../permission/grant.ts'
import { everyName } from '../../permission/name-set.ts'
import { actionOf, type Resource, type Verb } from '../resource.ts'

/** Which of the rows that a plan finds the caller may have. */
export interface Access {
  /** What the rows must fulfil, their names apart. */
  readonly predicates: readonly Predicate[]
  /** The only names that rows can have; everything where nothing narrows them down. */
  readonly names: NameSet
  /** What `names` says, for statements that are not merged by name. */
  readonly byName: readonly Predicate[]
}

/** The predicates of a statement that is not merged by name. */
export function allPredicates({ predicates, byName }: Access): readonly Predicate[] {
  return [...predicates, ...byName]
}

/**
 * Adds what the caller is permitted to a plan. Throws RpcError 102 when the plan names an object that is not, or when
 * the caller may do this to no object at all.
 */
export function planAccess(resource: Resource, verb: Verb, caller: Identity, plan: Plan): Access {
  const action = actionOf(resource, verb)
  for (const name of plan.names) requirePermission(caller, action, name)
  const { predicates } = plan
  // One name at the top is permitted by now, and no row with another can be found.
  if (predicates.some(predicate => isName(resource, predicate) && predicate.type === 'equal')) {
    return { predicates, names: everyName, byName: [] }
  }
  const permitted = requireSome(caller, action)
  const listed = predicates.find(predicate => isName(resource, predicate) && predicate.type === 'any')
  if (listed?.type === 'any') {
    const names = [...new Set(listed.values.map(String))]
    return {
      predicates: predicates.filter(predicate => predicate !== listed),
      names: { everything: false, names, prefixes: [] },
      byName: [listed],
    }
  }
  if (permitted.everything) return { predicates, names: everyName, byName: [] }
  return { predicates, names: permitted, byName: [withinNames(resource, permitted)] }
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
  const predicate = namesPredicate(nameField, set)
  known.set(set, { nameField, predicate })
  return predicate
}

function namesPredicate(nameField: string, { names, prefixes }: NameSet): Predicate {
  const listed: readonly Predicate[] =
    names.length === 0 ? [] : [{ type: 'any', column: nameField, values: names }]
  return or(...listed, ...prefixes.map(prefix => prefixed(nameField, prefix)))
}

function isName({ nameField }: Resource, predicate: Predicate): boolean {
  return 'column' in predicate && predicate.column === nameField
}

import { planConditions } from '../condition/plan.ts'
import type { Predicate } from '../condition/predicate.ts'
import type { Identity } from '../permission/grant.ts'
import type { Resource, ResourceField } from '../resource/resource.ts'
import { allPredicates, planAccess } from '../resource/select/access.ts'

/** What rows must fulfil to be found by the conditions and read by the caller. Throws RpcError 102 as `X_query` does. */
export function readablePredicates(
  resource: Resource,
  condition: readonly unknown[],
  caller: Identity,
): readonly Predicate[] {
  const plan = planConditions(condition, {
    language: resource.language,
    path: 'condition',
    maxConditions: condition.length,
    allowAll: false,
  })
  return allPredicates(planAccess(resource, 'read', caller, plan))
}

/** The resource's fields of these names. Throws TypeError for a name that it does not have. */
export function fieldsOf(resource: Resource, names: readonly string[]): readonly ResourceField[] {
  return names.map(name => {
    const field = resource.fields.find(each => each.name === name)
    if (field === undefined) throw new TypeError(`${resource.name} has no field ${name}`)
    return field
  })
}

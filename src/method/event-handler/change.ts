import { z } from 'zod'
import { handlerAction } from '../../event/handler/action.ts'
import { changedOwner, requireMaking } from '../../event/handler/handler-makers.ts'
import {
  type HandlerDefinition,
  insertHandler,
  lockHandler,
  removeHandler,
  type StoredHandler,
  updateHandler,
} from '../../event/handler/handler-store.ts'
import { type Identity, originsOf, requirePermission } from '../../permission/grant.ts'
import { isSoleMaker } from '../../permission/makers.ts'
import { defineMethod, type Method } from '../method.ts'
import { type HandlerMethodDeps, handlerNotFound, namedParams } from './handler-method.ts'
import { changeTarget } from './handler-target.ts'
import {
  type Change,
  changedDefinition,
  changeSchema,
  createdDefinition,
  creationSchema,
  showHandler,
  shownHandlerSchema,
} from './handler-wire.ts'

/**
 * The methods that create, change and delete handlers. A handler acts for those who made it; each of them must be allowed
 * to receive what it takes and to run its target. A change to a handler of the handlers folder lasts until the next start reads the
 * folder again; only whether it is enabled stays.
 */
export function changeMethods(deps: HandlerMethodDeps): readonly Method[] {
  const { database, sealer, clock, localNames, timezone, outboundAllow, onChange, forsake } = deps

  const create = defineMethod({
    name: 'event-handler_create',
    summary: 'Creates an event handler',
    params: creationSchema(outboundAllow),
    result: shownHandlerSchema,
    async handle({ params, caller }) {
      const { full_name: fullName } = params
      requirePermission(caller, handlerAction('write'), fullName)
      const target = changeTarget(params.target, undefined, localNames.has(fullName))
      const definition: HandlerDefinition = { ...createdDefinition(params, timezone), fullName, target }
      requireMaking(caller, definition)
      const defining = { definition, owner: originsOf(caller), now: clock() }
      const created = await insertHandler(database, sealer, defining)
      onChange()
      return showHandler(created)
    },
  })

  /** Undefined when there is no such handler. */
  function change(params: Change, caller: Identity): Promise<StoredHandler | undefined> {
    return database.transaction(async runner => {
      const before = await lockHandler(runner, sealer, params.full_name)
      if (before === undefined) return undefined
      const { fullName, target } = before
      const isOwn = isSoleMaker(before.owner, caller)
      const definition: HandlerDefinition = {
        ...changedDefinition(params, before, timezone),
        fullName,
        target: params.target
          ? changeTarget(params.target, { before, isOwn }, localNames.has(fullName))
          : target,
      }
      const owner = changedOwner(before, definition, caller)
      if (owner === undefined) return before
      const defining = { definition, owner, now: clock() }
      return updateHandler(runner, sealer, before, defining)
    })
  }

  const update = defineMethod({
    name: 'event-handler_update',
    summary: 'Changes an event handler; what is left out stays, and a webhook also keeps its last secret',
    params: changeSchema(outboundAllow),
    result: shownHandlerSchema,
    async handle({ params, caller }) {
      requirePermission(caller, handlerAction('write'), params.full_name)
      const changed = await change(params, caller)
      if (changed === undefined) throw handlerNotFound()
      onChange()
      return showHandler(changed)
    },
  })

  const remove = defineMethod({
    name: 'event-handler_delete',
    summary: 'Deletes an event handler; what waits for it fails',
    params: namedParams,
    result: z.strictObject({ success: z.literal(true) }),
    async handle({ params, caller }) {
      requirePermission(caller, handlerAction('delete'), params.full_name)
      await database.transaction(async runner => {
        const before = await lockHandler(runner, sealer, params.full_name)
        if (before === undefined) throw handlerNotFound()
        await forsake(runner, before.fullName)
        await removeHandler(runner, before.id)
      })
      onChange()
      return { success: true }
    },
  })

  return [create, update, remove]
}

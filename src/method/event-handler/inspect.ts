import { z } from 'zod'
import { handlerAction } from '../../event/handler/action.ts'
import { findHandler, listHandlers } from '../../event/handler/handler-store.ts'
import { permits, requirePermission, requireSome } from '../../permission/grant.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type HandlerMethodDeps, handlerNotFound, namedParams } from './handler-method.ts'
import { showHandler, shownHandlerSchema } from './handler-wire.ts'

/** The methods that only look at handlers. */
export function inspectMethods({ database, sealer }: HandlerMethodDeps): readonly Method[] {
  const action = handlerAction('read')

  const read = defineMethod({
    name: 'event-handler_read',
    summary: 'Shows an event handler, without the secret of its webhook',
    params: namedParams,
    result: shownHandlerSchema,
    async handle({ params, caller }) {
      requirePermission(caller, action, params.full_name)
      const handler = await findHandler(database, sealer, params.full_name)
      if (handler === undefined) throw handlerNotFound()
      return showHandler(handler)
    },
  })

  const list = defineMethod({
    name: 'event-handler_list',
    summary: 'Shows the event handlers that the token may read, in order of their names',
    params: { token: credentialParam },
    result: z.strictObject({ handlers: z.array(shownHandlerSchema) }),
    async handle({ caller }) {
      requireSome(caller, action)
      const handlers = await listHandlers(database, sealer)
      return {
        handlers: handlers.filter(({ fullName }) => permits(caller, action, fullName)).map(showHandler),
      }
    },
  })

  return [read, list]
}

import { z } from 'zod'
import { findHandler, listHandlers } from '../../event/handler-store.ts'
import {
  type Action,
  type Identity,
  permissionDenied,
  permits,
  permittedPatterns,
  requirePermission,
} from '../../permission/grant.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type HandlerMethodDeps, handlerAction, handlerNotFound, namedParams } from './handler-method.ts'
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
    params: z.object({ token: credentialParam }),
    result: z.object({ handlers: z.array(shownHandlerSchema) }),
    async handle({ caller }) {
      requireAny(caller, action)
      const handlers = await listHandlers(database, sealer)
      return {
        handlers: handlers.filter(({ fullName }) => permits(caller, action, fullName)).map(showHandler),
      }
    },
  })

  return [read, list]
}

// Who may read none at all is refused, as in every other list: an empty one would look like success.
function requireAny(caller: Identity, action: Action): void {
  if (permittedPatterns(caller, action).length === 0) throw permissionDenied()
}

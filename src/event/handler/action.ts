import type { Action } from '../../permission/grant.ts'

/** Sending in the name of a sender. */
export const sendAction: Action = { scope: 'sender', permission: 'event', verb: 'send' }

/** Receiving the events of a sender, as a handler. */
export const receiveAction: Action = { scope: 'sender', permission: 'event', verb: 'receive' }

/** What is done to a handler, for the permission of its full name. */
export function handlerAction(verb: 'read' | 'write' | 'delete' | 'claim'): Action {
  return { scope: 'event', permission: 'event_handler', verb }
}

import type { FailureText } from '../../errors.ts'
import { type Identity, type Origin, permits } from '../../permission/grant.ts'
import { isRefusal } from '../../permission/live-caller.ts'
import { receiveAction } from '../handler/action.ts'
import type { Handler } from '../handler/handler.ts'
import type { RunType } from './event.ts'

/** Who these origins are now. Throws RpcError 102 once one of their tokens is gone. */
export type Recall = (origins: readonly Origin[]) => Promise<Identity>

/** What all who made the handler may do; undefined once one of their tokens is gone. Must not be called inside a transaction. */
export async function makersOf({ owner }: Handler, recall: Recall): Promise<Identity | undefined> {
  try {
    return await recall(owner)
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Whether a handler of these makers is given what this sender sends; what its own schedule fires always is. */
export function mayReceive(makers: Identity | undefined, sender: string, runType: RunType): boolean {
  return makers !== undefined && (runType === 'cron' || permits(makers, receiveAction, sender))
}

/** Why an event was not given to its handler. */
export const notReceived: FailureText = 'permission_denied: the makers of the handler may not receive it'

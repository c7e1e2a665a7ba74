import type { Clock } from '../../async/clock.ts'
import type { Database, Runner } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import type { Sealer } from '../../event/handler/handler-store.ts'
import { nameSchema } from '../../permission/name.ts'
import { credentialParam } from '../method.ts'

/** What the methods of event handlers work with. */
export interface HandlerMethodDeps {
  readonly database: Database
  readonly sealer: Sealer
  readonly clock: Clock
  /** The full names that the handlers folder defines. */
  readonly localNames: ReadonlySet<string>
  /** Of a schedule that names no time zone. */
  readonly timezone: string
  /** The private addresses that webhooks may reach, as for `createOutbound`. */
  readonly outboundAllow: readonly string[]
  /** Called after each change that is committed. */
  onChange(): void
  /** Ends what waits for a handler that is about to be deleted, inside the transaction that does so. */
  forsake(runner: Runner, fullName: string): Promise<void>
}

/** The parameters of what needs only the name. */
export const namedParams = { token: credentialParam, full_name: nameSchema }

/** 105; only for callers who may know. */
export function handlerNotFound(): RpcError {
  return new RpcError('handler_not_found', 'There is no such handler', { path: 'full_name' })
}

import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import { nameSchema } from '../../permission/name.ts'
import type { Sealer } from '../../seal.ts'
import type { ChangeLog } from '../../stream/change-log.ts'
import { credentialParam } from '../method.ts'

/** What the methods of sinks work with. */
export interface SinkMethodDeps {
  readonly database: Database
  readonly sealer: Sealer
  readonly clock: Clock
  readonly changes: ChangeLog
  readonly maxConditions: number
  /** The private addresses that webhooks may reach, as for `createOutbound`. */
  readonly outboundAllow: readonly string[]
}

/** The parameters of what needs only the name. */
export const namedParams = { token: credentialParam, name: nameSchema }

export const doneSchema = z.strictObject({ success: z.literal(true) })

/** 105; only for callers who may know. */
export function sinkNotFound(): RpcError {
  return new RpcError('sink_not_found', 'There is no such sink', { path: 'name' })
}

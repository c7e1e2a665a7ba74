import { z } from 'zod'
import { cancelRuns } from '../../event/run/cancel.ts'
import { defineMethod } from '../method.ts'
import type { LogMethodDeps } from '../record/record-method.ts'
import { affectParams, findAffected, planAffected } from './affect.ts'

/** `event-log_cancel`: keeps what waits from running, and tells what runs to stop. */
export function cancelMethod(log: LogMethodDeps) {
  return defineMethod({
    name: 'event-log_cancel',
    summary: 'Keeps the handlers that wait from running, and tells those that run to stop',
    params: affectParams,
    result: z.strictObject({
      success: z.literal(true),
      cancelled: z.int().describe('Waited, and will never run'),
      stopping: z.int().describe('Run, and were told to stop; after a second they are cut off'),
      condition_count: z.int(),
      would_affect: z.int().optional(),
    }),
    async handle({ params, caller }) {
      const plan = planAffected(params, log)
      const answer = { success: true, cancelled: 0, stopping: 0, condition_count: plan.conditionCount }
      return log.database.transaction(async runner => {
        const ids = await findAffected(runner, log, { plan, verb: 'write', caller, params })
        if (params.dry_run) return { ...answer, would_affect: ids.length }
        const done = await cancelRuns(runner, ids, log.clock())
        return { ...answer, ...done }
      })
    },
  })
}

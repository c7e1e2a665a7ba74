import { z } from 'zod'
import { writeDeed } from '../../audit/write.ts'
import { cancelRuns } from '../../event/run/cancel.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { actorOf, defineMethod } from '../method.ts'
import { affectParams } from './affect.ts'

/** `event-log_cancel`: keeps what waits from running, and tells what runs to stop. */
export function cancelMethod({ database, clock, of }: RecordService) {
  const records = of(eventLog)
  const name = 'event-log_cancel'
  return defineMethod({
    name,
    isAudited: true,
    summary: 'Cancels waiting runs, and tells running ones to stop',
    params: affectParams,
    result: z.strictObject({
      success: z.literal(true),
      cancelled: z.int().describe('Runs that were waiting and will never begin'),
      stopping: z.int().describe('Runs that were told to stop; they are cut off after a second'),
      condition_count: z.int(),
      would_affect: z.int().optional(),
    }),
    async handle(call) {
      const { query, dry_run: isDryRun, max_affected: maxAffected } = call.params
      const lock = records.lock(call.caller, 'write', { query, maxAffected })
      const answer = { success: true, cancelled: 0, stopping: 0, condition_count: query.condition.length }
      return database.transaction(async runner => {
        const ids = await lock(runner)
        const deed = {
          by: actorOf(name, call),
          resource: eventLog.name,
          condition: query.condition,
          isDryRun,
        }
        const done = isDryRun ? undefined : await cancelRuns(runner, ids, clock())
        const affected = done === undefined ? ids.length : done.cancelled + done.stopping
        await writeDeed(runner, { ...deed, affected, ids }, clock())
        if (done === undefined) return { ...answer, would_affect: ids.length }
        return { ...answer, ...done }
      })
    },
  })
}

import { z } from 'zod'
import { cancelRuns } from '../../event/run/cancel.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { defineMethod } from '../method.ts'
import { affectParams } from './affect.ts'

/** `event-log_cancel`: keeps what waits from running, and tells what runs to stop. */
export function cancelMethod({ database, clock, of }: RecordService) {
  const records = of(eventLog)
  return defineMethod({
    name: 'event-log_cancel',
    summary: 'Cancels waiting runs, and tells running ones to stop',
    params: affectParams,
    result: z.strictObject({
      success: z.literal(true),
      cancelled: z.int().describe('Runs that were waiting and will never begin'),
      stopping: z.int().describe('Runs that were told to stop; they are cut off after a second'),
      condition_count: z.int(),
      would_affect: z.int().optional(),
    }),
    async handle({ params: { query, dry_run: isDryRun, max_affected: maxAffected }, caller }) {
      const lock = records.lock(caller, 'write', { query, maxAffected })
      const answer = { success: true, cancelled: 0, stopping: 0, condition_count: query.condition.length }
      return database.transaction(async runner => {
        const ids = await lock(runner)
        if (isDryRun) return { ...answer, would_affect: ids.length }
        const done = await cancelRuns(runner, ids, clock())
        return { ...answer, ...done }
      })
    },
  })
}

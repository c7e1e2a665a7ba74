import { z } from 'zod'
import { writeDeed } from '../../audit/write.ts'
import { planReplay } from '../../event/send/replay.ts'
import type { Sender } from '../../event/send/send.ts'
import { eventLog, eventStatuses } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { actorOf, defineMethod } from '../method.ts'
import { affectParams } from './affect.ts'

export interface ReplayDeps {
  readonly sender: Sender
  /** To be called once there is work. */
  wake(): void
}

/** `event-log_replay`: runs what records tell of again, as new records. */
export function replayMethod({ sender, wake }: ReplayDeps, { database, clock, of }: RecordService) {
  const records = of(eventLog)
  const name = 'event-log_replay'
  return defineMethod({
    name,
    isAudited: true,
    summary: 'Runs the handlers of the records again with the same arguments, as new records',
    params: affectParams,
    result: z.strictObject({
      success: z.literal(true),
      replayed: z.int(),
      skipped: z.int().describe('Records that did not run here, or whose handler no longer exists'),
      condition_count: z.int(),
      event_logs: z.array(
        z.strictObject({
          id: z.int(),
          full_name: z.string(),
          node_id: z.string(),
          status: z.enum(eventStatuses),
        }),
      ),
      would_affect: z.int().optional(),
    }),
    async handle(call) {
      const { query, dry_run: isDryRun, max_affected: maxAffected } = call.params
      const { caller } = call
      const lock = records.lock(caller, 'read', { query, maxAffected })
      const answer = {
        success: true,
        replayed: 0,
        skipped: 0,
        condition_count: query.condition.length,
        event_logs: [],
      }
      const done = await database.transaction(async runner => {
        const ids = await lock(runner)
        const events = await planReplay(runner, ids, caller)
        const deed = {
          by: actorOf(name, call),
          resource: eventLog.name,
          condition: query.condition,
          isDryRun,
        }
        await writeDeed(runner, { ...deed, affected: events.length, ids }, clock())
        if (isDryRun) return { ...answer, would_affect: events.length }
        const sent = await sender.insert(runner, events)
        const logs = sent.flatMap(each => each.event_logs)
        return { ...answer, replayed: logs.length, skipped: ids.length - logs.length, event_logs: logs }
      })
      if (done.replayed > 0) wake()
      return done
    },
  })
}

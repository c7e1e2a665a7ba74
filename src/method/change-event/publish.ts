import { z } from 'zod'
import { createBatchQueue } from '../../async/batch-queue.ts'
import { requirePermission } from '../../permission/grant.ts'
import { insertPending, type PendingEvent } from '../../resource/change-event/pending.ts'
import { pendingOf, publicationSchema } from '../../resource/change-event/publication.ts'
import { changeEvent } from '../../resource/kind/change-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { actionOf } from '../../resource/resource.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'

const maxEvents = 1000

/** `change-event_publish`: records events of UiPath Insights' types; acknowledged once they are committed, numbered soon after. */
export function publishMethod(records: RecordService): Method {
  const publish = createBatchQueue({
    what: 'published events',
    async write(events: readonly PendingEvent[]) {
      await insertPending(records.database, events)
      return events
    },
  })
  const action = actionOf(changeEvent, 'write')
  return defineMethod({
    name: `${changeEvent.name}_publish`,
    summary: 'Records change events of other programs, each checked against the body of its type',
    params: {
      token: credentialParam,
      events: z.array(publicationSchema).min(1).max(maxEvents).describe('All are recorded or none'),
    },
    result: z.strictObject({ accepted: z.int() }),
    async handle({ params, caller }) {
      const now = records.clock()
      const events = params.events.map(event => pendingOf(event, now))
      const folders = new Set(events.map(event => event.full_folder_path))
      for (const folder of folders) requirePermission(caller, action, folder)
      const { length } = await publish(events)
      records.onRows(changeEvent.name, 'appended', length)
      return { accepted: length }
    },
  })
}

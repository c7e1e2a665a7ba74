import type { RecordService } from '../../resource/records.ts'
import { restErrors } from '../rest/errors.ts'
import type { RestRoute } from '../rest/route.ts'
import { readEventsMethod } from './read-events.ts'
import { recordEventsMethod } from './record-events.ts'

/** The events of GCS' executions (seed 003), over the records of execution-event. */
export function gcsRoute(records: RecordService): RestRoute {
  const path = '/v1/executions/{execution_id}/events'
  return {
    path,
    errors: restErrors('GCS'),
    get: readEventsMethod(`GET ${path}`, records),
    post: recordEventsMethod(`POST ${path}`, records),
  }
}

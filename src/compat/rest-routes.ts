import type { RecordService } from '../resource/records.ts'
import { gcsRoute } from './gcs.ts'
import { modelartsRoutes } from './modelarts.ts'
import type { RestRoute } from './rest.ts'

/** The REST surfaces of ModelArts and GCS. */
export function restRoutes(records: RecordService): readonly RestRoute[] {
  return [...modelartsRoutes(records), gcsRoute(records)]
}

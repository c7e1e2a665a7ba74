import type { RecordService } from '../../resource/records.ts'
import { gcsRoute } from '../gcs/route.ts'
import { modelartsRoutes } from '../modelarts/routes.ts'
import type { RestRoute } from './route.ts'

/** The REST surfaces of ModelArts and GCS. */
export function restRoutes(records: RecordService): readonly RestRoute[] {
  return [...modelartsRoutes(records), gcsRoute(records)]
}

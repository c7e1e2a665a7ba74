import { z } from 'zod'
import { eventLog } from '../../resource/kind/event-log.ts'
import { credentialParam } from '../method.ts'
import { querySchema } from '../record/query-schema.ts'

/** The parameters of methods that do something to the records that conditions find. */
export const affectParams = {
  token: credentialParam,
  query: querySchema(eventLog),
  dry_run: z.boolean().default(false).describe('Changes nothing and says how many records it would change'),
  max_affected: z.int().min(0).optional().describe('Changes nothing if more records than this are found'),
}

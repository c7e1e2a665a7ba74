import { z } from 'zod'

/** A change event as UiPath Insights shows it. */
export const envelopeSchema = z.strictObject({
  body: z
    .looseObject({
      EventType: z.string(),
      SchemaVersion: z.string(),
      Timestamp: z.string(),
      TenantKey: z.string(),
      TenantName: z.string(),
      FolderName: z.string(),
      FullFolderPath: z.string(),
      FolderKey: z.string(),
    })
    .describe('The members of its type and the common fields'),
  'x-opt-sequence-number': z.int(),
  'x-opt-offset': z.string(),
  'x-opt-enqueued-time': z.int().describe('Epoch ms'),
  'Diagnostic-Id': z.string(),
})

export type Envelope = z.output<typeof envelopeSchema>

import { z } from 'zod'
import type { Family } from './family.ts'
import { guid, maybeMoment, number } from './member.ts'

const queueItem = z.strictObject({
  Key: guid,
  QueueDefinitionId: number,
  Status: z.enum(['New', 'InProgress', 'Failed', 'Successful', 'Abandoned', 'Retried', 'Deleted', 'Unknown']),
  ReviewStatus: z.enum(['None', 'InReview', 'Verified', 'Retried', 'Unknown']),
  DueDate: maybeMoment,
  Priority: z.enum(['High', 'Normal', 'Low', 'Unknown']),
  CreationTime: maybeMoment,
  StartProcessing: maybeMoment,
  EndProcessing: maybeMoment,
  // The seed spells it so wherever it names it.
  DefferDate: maybeMoment,
  SecondsInPreviousAttempt: number,
  RetryNumber: number,
  Progress: z.string(),
  AnalyticsData: z.string().optional(),
  Output: z.string().optional(),
  SpecificData: z.string().optional(),
  CreatorJobId: number.optional(),
  ExecutorJobId: number.optional(),
  ProcessExceptionReason: z.string().nullable(),
  ProcessExceptionDetails: z.string().nullable(),
  ProcessExceptionType: z.enum(['ApplicationException', 'BusinessException', 'None']).nullable(),
})

const queue = z.strictObject({
  Key: guid,
  Name: z.string(),
  Description: z.string(),
  MaxNumberOfRetries: number,
  EnforceUniqueReference: z.boolean(),
  SlaInMinutes: number,
  RiskSlaInMinutes: number,
})

/** What happens to queue items (seed 004): here, events as their handlers take them; the handler is the queue. */
export const queueEvent: Family = {
  // The seed writes both `queueitem` and `queueItem`; each type is taken with either.
  types: [
    'queueitem.added',
    'queueitem.retried',
    'queueitem.updated',
    'queueitem.transactionAbandoned',
    'queueitem.transactionCompleted',
    'queueitem.transactionFailed',
    'queueitem.transactionRetried',
    'queueitem.transactionStarted',
    'queueItem.added',
    'queueItem.retried',
    'queueItem.updated',
    'queueItem.transactionAbandoned',
    'queueItem.transactionCompleted',
    'queueItem.transactionFailed',
    'queueItem.transactionRetried',
    'queueItem.transactionStarted',
  ],
  members: { QueueItem: queueItem, Queue: queue },
}

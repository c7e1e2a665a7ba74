import { z } from 'zod'
import { type Family, guid, maybeMoment, maybeNumber, maybeText, number, openObject } from './member.ts'

const queueItem = openObject({
  Key: guid,
  QueueDefinitionId: number,
  Status: z.enum(['New', 'InProgress', 'Failed', 'Successful', 'Abandoned', 'Retried', 'Deleted', 'Unknown']),
  ReviewStatus: z.enum(['None', 'InReview', 'Verified', 'Retried', 'Unknown']).nullable(),
  DueDate: maybeMoment.optional(),
  Priority: z.enum(['High', 'Normal', 'Low', 'Unknown']).nullable(),
  CreationTime: maybeMoment,
  StartProcessing: maybeMoment,
  EndProcessing: maybeMoment,
  // UiPath spells it so wherever it names it; other versions write it with one f.
  DefferDate: maybeMoment.optional(),
  DeferDate: maybeMoment.optional(),
  SecondsInPreviousAttempt: maybeNumber,
  RetryNumber: number,
  Progress: maybeText.optional(),
  AnalyticsData: maybeText.optional(),
  Output: maybeText.optional(),
  SpecificData: maybeText.optional(),
  CreatorJobId: maybeNumber.optional(),
  ExecutorJobId: maybeNumber.optional(),
  ProcessExceptionReason: maybeText,
  ProcessExceptionDetails: maybeText,
  ProcessExceptionType: z.enum(['ApplicationException', 'BusinessException', 'None']).nullable(),
})

const queue = openObject({
  Key: guid,
  Name: z.string(),
  Description: maybeText,
  MaxNumberOfRetries: number,
  EnforceUniqueReference: z.boolean(),
  SlaInMinutes: maybeNumber,
  RiskSlaInMinutes: maybeNumber,
})

/** What happens to queue items: here, events as their handlers take them; the handler is the queue. */
export const queueEvent: Family = {
  // UiPath writes both `queueitem` and `queueItem`; each type is taken with either. `deferred` and
  // `reviewStatusChanged` came later.
  types: [
    'queueitem.added',
    'queueitem.deferred',
    'queueitem.retried',
    'queueitem.reviewStatusChanged',
    'queueitem.updated',
    'queueitem.transactionAbandoned',
    'queueitem.transactionCompleted',
    'queueitem.transactionFailed',
    'queueitem.transactionRetried',
    'queueitem.transactionStarted',
    'queueItem.added',
    'queueItem.deferred',
    'queueItem.retried',
    'queueItem.reviewStatusChanged',
    'queueItem.updated',
    'queueItem.transactionAbandoned',
    'queueItem.transactionCompleted',
    'queueItem.transactionFailed',
    'queueItem.transactionRetried',
    'queueItem.transactionStarted',
  ],
  members: { QueueItem: queueItem, Queue: queue },
}

import { z } from 'zod'
import { anyObject, type Family, guid, maybeNumber, maybeText, moment, openObject } from './member.ts'

/** UiPath lists Info, and shows it as Information too. */
const level = z.enum(['Trace', 'Info', 'Information', 'Warn', 'Error', 'Fatal'])

// What only the end of a transaction bears may be left out or null, and takes what UiPath's sample shows beside what it
// lists.
const transaction = {
  transactionExecutionTime: maybeNumber.optional(),
  queueItemPriority: z.enum(['High', 'Normal', 'Low']).nullish(),
  processingExceptionReason: maybeText.optional(),
  transactionStatus: z
    .enum([
      'ApplicationException',
      'Start',
      'SystemError',
      'Failed',
      'BusinessException',
      'Success',
      'Successful',
      'InProgress',
    ])
    .nullish(),
  queueName: maybeText.optional(),
  transactionState: z.enum(['Started', 'Ended', 'Postponed']).nullish(),
  processingExceptionType: z.enum(['ApplicationException', 'BusinessException', '']).nullish(),
  transactionId: maybeText.optional(),
  queueItemReviewStatus: z.enum(['None', 'InReview', 'Verified', 'Reported', 'Retried']).nullish(),
}

const robotLog = openObject({
  message: z.string(),
  level,
  logType: z.enum([
    'User',
    'Default',
    'Error',
    'Business',
    'ExecutionStep',
    'BusinessIteration',
    'Info',
    'Security',
    'Technical',
  ]),
  CustomFields: anyObject.nullish(),
  timeStamp: moment,
  fingerprint: maybeText,
  windowsIdentity: maybeText,
  machineName: maybeText,
  fileName: maybeText,
  ...transaction,
  processName: maybeText,
  processVersion: maybeText,
  jobId: maybeText,
  robotName: maybeText,
  machineId: maybeNumber,
  organizationUnitId: maybeNumber,
  initiatedBy: z
    .enum(['Assistant', 'Studio', 'StudioX', 'StudioPro', 'Orchestrator', 'CommandLine', 'RobotAPI'])
    .nullish(),
  totalExecutionTimeInSeconds: maybeNumber.optional(),
  activityInfo: openObject({
    DisplayName: maybeText,
    State: z.enum(['Faulted', 'Closed', 'Executing']).nullable(),
    Activity: z.unknown(),
    Arguments: z.unknown(),
  })
    .partial()
    .nullish(),
})

/** What robots write to their logs: here, what scripts write to their consoles. */
export const robotLogEvent: Family = {
  types: ['robotlog'],
  members: { Level: level, MachineKey: guid.nullable(), RobotLog: robotLog },
}

import { z } from 'zod'
import type { Family } from './family.ts'
import { anyObject, guid, moment, number } from './member.ts'

/** The seed lists Info, and shows it as Information too. */
const level = z.enum(['Trace', 'Info', 'Information', 'Warn', 'Error', 'Fatal'])

// What only the end of a transaction bears is optional, and takes what the seed's sample shows beside what it lists.
const transaction = {
  transactionExecutionTime: number.optional(),
  queueItemPriority: z.enum(['High', 'Normal', 'Low']).optional(),
  processingExceptionReason: z.string().optional(),
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
    .optional(),
  queueName: z.string().optional(),
  transactionState: z.enum(['Started', 'Ended', 'Postponed']).optional(),
  processingExceptionType: z.enum(['ApplicationException', 'BusinessException', '']).optional(),
  transactionId: z.string().optional(),
  queueItemReviewStatus: z.enum(['None', 'InReview', 'Verified', 'Reported', 'Retried']).optional(),
}

const robotLog = z.strictObject({
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
  // The only place for members that are not listed.
  CustomFields: anyObject.optional(),
  timeStamp: moment,
  fingerprint: z.string(),
  windowsIdentity: z.string(),
  machineName: z.string(),
  fileName: z.string(),
  ...transaction,
  processName: z.string(),
  processVersion: z.string(),
  jobId: z.string(),
  robotName: z.string(),
  machineId: number,
  organizationUnitId: number,
  initiatedBy: z
    .enum(['Assistant', 'Studio', 'StudioX', 'StudioPro', 'Orchestrator', 'CommandLine', 'RobotAPI'])
    .optional(),
  totalExecutionTimeInSeconds: number.optional(),
  activityInfo: z
    .strictObject({
      DisplayName: z.string().optional(),
      State: z.enum(['Faulted', 'Closed', 'Executing']).optional(),
      Activity: z.unknown(),
      Arguments: z.unknown(),
    })
    .partial()
    .optional(),
})

/** What robots write to their logs (seed 004): here, what scripts write to their consoles. */
export const robotLogEvent: Family = {
  types: ['robotlog'],
  members: { Level: level, MachineKey: guid, RobotLog: robotLog },
}

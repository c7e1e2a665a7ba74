import { z } from 'zod'
import { type Family, guid, maybeMoment, maybeText, openObject } from './member.ts'

/** What happens to jobs: here, the runs of scripts. */
export const job: Family = {
  types: [
    'job.created',
    'job.started',
    'job.stopped',
    'job.pending',
    'job.completed',
    'job.faulted',
    'job.stopping',
    'job.terminating',
  ],
  members: {
    Job: openObject({
      Key: guid,
      CreationTime: maybeMoment,
      State: z.enum([
        'Pending',
        'Running',
        'Stopping',
        'Terminating',
        'Faulted',
        'Successful',
        'Stopped',
        'Suspended',
        'Resumed',
      ]),
      StartTime: maybeMoment,
      EndTime: maybeMoment,
      ProcessName: z.string(),
      DisplayName: maybeText,
      // A job that waits has neither yet.
      RobotName: maybeText,
      HostMachineName: maybeText,
    }),
  },
}

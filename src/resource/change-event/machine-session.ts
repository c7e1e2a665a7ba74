import { z } from 'zod'
import type { Family } from './family.ts'
import { guid, maybeText, moment, number, openObject } from './member.ts'

/** Whether machines are there (seed 004): here, servers and remote workers. */
export const machineSession: Family = {
  types: ['machineSession.status'],
  members: {
    MachineSession: openObject({
      MachineKey: guid,
      MachineName: z.string(),
      MachineId: number,
      HostMachineName: maybeText,
      ServiceUsername: maybeText,
      MachineStatus: z.enum(['Available', 'Busy', 'Disconnected', 'Unknown']),
      ReportingTime: moment,
      IsUnresponsive: z.boolean(),
    }),
  },
}

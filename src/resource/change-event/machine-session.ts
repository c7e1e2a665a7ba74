import { z } from 'zod'
import type { Family } from './family.ts'
import { guid, moment, number } from './member.ts'

/** Whether machines are there (seed 004): here, servers and remote workers. */
export const machineSession: Family = {
  types: ['machineSession.status'],
  members: {
    MachineSession: z.strictObject({
      MachineKey: guid,
      MachineName: z.string(),
      MachineId: number,
      HostMachineName: z.string(),
      ServiceUsername: z.string(),
      MachineStatus: z.enum(['Available', 'Busy', 'Disconnected', 'Unknown']),
      ReportingTime: moment,
      IsUnresponsive: z.boolean(),
    }),
  },
}

import { z } from 'zod'
import { type Family, guid, maybeText, moment, number, openObject } from './member.ts'

/** Machines that come, change and go: here, servers and remote workers. */
export const machine: Family = {
  types: ['machine.created', 'machine.updated', 'machine.deleted'],
  members: {
    Machine: openObject({
      MachineId: number.optional(),
      MachineName: z.string(),
      MachineKey: guid,
      NonProductionSlots: number,
      HeadlessSlots: number,
      AutomationCloudSlots: number,
      UnattendedSlots: number,
    }),
  },
}

/** Whether machines are there. */
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

/** Machines that are assigned to folders. */
export const machineAssign: Family = {
  // UiPath lists `unassign` and shows `unassigned`.
  types: ['machine.assign', 'machine.unassign', 'machine.unassigned'],
  members: { MachineAssign: openObject({ MachineKey: guid, MachineName: z.string() }) },
}

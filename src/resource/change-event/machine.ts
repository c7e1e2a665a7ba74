import { z } from 'zod'
import type { Family } from './family.ts'
import { guid, number, openObject } from './member.ts'

/** Machines that come, change and go (seed 004): here, servers and remote workers. */
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

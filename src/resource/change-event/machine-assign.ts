import { z } from 'zod'
import type { Family } from './family.ts'
import { guid, openObject } from './member.ts'

/** Machines that are assigned to folders (seed 004). */
export const machineAssign: Family = {
  // The seed lists `unassign` and shows `unassigned`.
  types: ['machine.assign', 'machine.unassign', 'machine.unassigned'],
  members: { MachineAssign: openObject({ MachineKey: guid, MachineName: z.string() }) },
}

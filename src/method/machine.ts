import { z } from 'zod'
import type { Runner } from '../database/database.ts'
import { listMachines } from '../machine/machine.ts'
import { requireSome } from '../permission/grant.ts'
import { changeEvent } from '../resource/kind/change-event.ts'
import { actionOf } from '../resource/resource.ts'
import { credentialParam, defineMethod } from './method.ts'

/** Those that reported last; programs may name many. */
const maxMachines = 1000

const machineSchema = z
  .strictObject({
    name: z.string(),
    kind: z.enum(['server', 'remote']).describe('remote: a program that does the work of remote handlers'),
    host_name: z.string(),
    status: z
      .enum(['Available', 'Disconnected'])
      .describe('Disconnected: it ended, or is silent for ten minutes'),
    is_unresponsive: z.boolean().describe('It has not reported for 90 seconds'),
    reporting_time: z.int().describe('When it reported last, epoch ms'),
    created_time: z.int().describe('When it reported first, epoch ms'),
  })
  .meta({ title: 'machine' })

/** All `machine_*` methods: who is alive. Whoever may read the change events of a machine's folder may see the machine. */
export function machineMethods({ database }: { readonly database: Pick<Runner, 'run'> }) {
  const list = defineMethod({
    name: 'machine_list',
    summary: `Shows the servers and remote workers that have reported, those that are available first; at most ${maxMachines}`,
    params: { token: credentialParam },
    result: z.strictObject({ machines: z.array(machineSchema) }),
    async handle({ caller }) {
      const folders = requireSome(caller, actionOf(changeEvent, 'read'))
      return { machines: await listMachines(database, folders, maxMachines) }
    },
  })
  return [list]
}

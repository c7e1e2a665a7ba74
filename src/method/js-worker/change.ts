import { z } from 'zod'
import { changeWorker } from '../../js-worker/change.ts'
import { findWorker, removeWorker, updateWorker, workerNotFound } from '../../js-worker/store.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { changeShape, readDefinition, readMembers } from './definition.ts'
import {
  type JsWorkerDeps,
  requireWorker,
  workerInfo,
  workerNameParam,
  workerSchema,
} from './worker-method.ts'

export function changeMethods(deps: JsWorkerDeps): readonly Method[] {
  const { database, sealer, clock, onChange } = deps

  const update = defineMethod({
    name: 'js-worker_update',
    summary:
      'Changes the given members of a script worker, which then does what all who have shaped it may; a new script makes it the caller’s own',
    params: {
      token: credentialParam,
      name: workerNameParam,
      ...changeShape,
    },
    toleratedMembers: readMembers,
    result: workerSchema.extend({ success: z.literal(true) }),
    async handle({ params, caller }) {
      requireWorker(caller, 'write', params.name)
      // Before the transaction: a script may take its time to be compiled.
      const given = await readDefinition(params, deps)
      const worker = await database.transaction(async runner => {
        const stored = await findWorker(runner, params.name, { lock: true })
        if (stored === undefined) throw workerNotFound('name')
        const changes = changeWorker(stored, given, caller, sealer)
        if (changes === undefined) return stored
        const changed = await updateWorker(runner, stored.id, changes, clock())
        if (changed === undefined) throw workerNotFound('name')
        return changed
      })
      onChange()
      return { success: true, ...workerInfo(worker) }
    },
  })

  const remove = defineMethod({
    name: 'js-worker_delete',
    summary: 'Deletes a script worker; the records of its runs stay',
    params: { token: credentialParam, name: workerNameParam },
    result: z.strictObject({ success: z.literal(true), rows_affected: z.literal(1) }),
    async handle({ params, caller }) {
      requireWorker(caller, 'delete', params.name)
      if (!(await removeWorker(database, params.name))) throw workerNotFound('name')
      onChange()
      return { success: true, rows_affected: 1 }
    },
  })

  return [update, remove]
}

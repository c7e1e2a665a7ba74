import { sealEnv } from '../../js-worker/env.ts'
import { insertWorker } from '../../js-worker/store.ts'
import { originsOf } from '../../permission/grant.ts'
import { nameFault } from '../../permission/name.ts'
import { textCheck } from '../../text-check.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { definitionShape, readDefinition, readMembers } from './definition.ts'
import {
  type JsWorkerDeps,
  requireWorker,
  workerInfo,
  workerNameParam,
  workerSchema,
} from './worker-method.ts'

const newWorkerName = workerNameParam.superRefine(textCheck(nameFault))

/** `js-worker_create`: the worker runs in the name of who creates it. */
export function createMethod(deps: JsWorkerDeps): Method {
  const { database, sealer, clock, onChange } = deps
  return defineMethod({
    name: 'js-worker_create',
    summary: 'Stores a script worker',
    params: { token: credentialParam, name: newWorkerName, ...definitionShape },
    toleratedMembers: readMembers,
    result: workerSchema,
    async handle({ params, caller }) {
      requireWorker(caller, 'create', params.name)
      const { source = '', env, ...rest } = await readDefinition(params, deps)
      const definition = {
        name: params.name,
        source,
        description: null,
        routeName: null,
        env: env === undefined ? null : sealEnv(env, sealer),
        openEnv: null,
        runtimeCleanTime: null,
        maxRunTime: null,
        maxStackSize: null,
        maxHeapSize: null,
        fetchHosts: null,
        schedule: null,
        nextFireTime: null,
        ...rest,
        owner: originsOf(caller),
      }
      const worker = await insertWorker(database, definition, clock())
      onChange()
      return workerInfo(worker)
    },
  })
}

import { z } from 'zod'
import { requireSuper } from '../../permission/grant.ts'
import type { Resource } from '../../resource/resource.ts'
import type { SinkDefinition } from '../../sink/sink.ts'
import { insertSink, lockSink, removeSink, updateSink } from '../../sink/store.ts'
import { notKept } from '../../stream/change-log.ts'
import { defineMethod, type Method } from '../method.ts'
import { planFilters } from '../record/record-method.ts'
import { doneSchema, namedParams, type SinkMethodDeps, sinkNotFound } from './sink-method.ts'
import { changeTarget } from './sink-target.ts'
import { changeSchema, chosenFormat, creationSchema, resourceOf } from './sink-wire.ts'

/** The methods that make, change and delete sinks. */
export function changeMethods(deps: SinkMethodDeps): readonly Method[] {
  const { database, sealer, clock, changes, outboundAllow } = deps

  /** The number behind which a new sink begins. Throws RpcError 108 (`sequence_too_old`, `sequence_ahead`). */
  async function beginning(resource: Resource, after: number | undefined): Promise<number> {
    if (after === undefined) return changes.position(resource)
    const fault = await changes.whyNotKept(resource, after)
    if (fault === undefined) return after
    // From the beginning means from the oldest that is left.
    if (after === 0 && fault.oldest !== undefined) return fault.oldest - 1
    const { reason: _, ...numbers } = fault
    throw notKept(fault, 'after', numbers)
  }

  const create = defineMethod({
    name: 'sink_create',
    summary:
      'Makes a sink: the changes of a resource that fulfil the conditions are sent to its target, in order',
    params: creationSchema(outboundAllow),
    result: z.strictObject({ id: z.int() }),
    async handle({ params, caller }) {
      requireSuper(caller)
      const resource = resourceOf(params.resource)
      planFilters(resource, params.query, deps)
      const definition: SinkDefinition = {
        name: params.name,
        resource: resource.name,
        condition: params.query.condition,
        target: changeTarget(params.target),
        format: chosenFormat(resource, params.format),
        batchSize: params.batch_size,
      }
      const cursor = await beginning(resource, params.after)
      const inserting = { definition, cursor, now: clock() }
      return { id: await database.transaction(runner => insertSink(runner, sealer, inserting)) }
    },
  })

  const update = defineMethod({
    name: 'sink_update',
    summary: 'Changes a sink, which goes on where it is; what is left out stays',
    params: changeSchema(outboundAllow),
    result: doneSchema,
    async handle({ params, caller }) {
      requireSuper(caller)
      const { query, target, format, batch_size: batchSize } = params
      await database.transaction(async runner => {
        const before = await lockSink(runner, sealer, params.name)
        if (before === undefined) throw sinkNotFound()
        const resource = resourceOf(before.resource)
        if (query !== undefined) planFilters(resource, query, deps)
        const definition: SinkDefinition = {
          name: before.name,
          resource: before.resource,
          condition: query?.condition ?? before.condition,
          target: target === undefined ? before.target : changeTarget(target, before),
          format: format === undefined ? before.format : chosenFormat(resource, format),
          batchSize: batchSize ?? before.batchSize,
        }
        await updateSink(runner, sealer, { before, definition, now: clock() })
      })
      return { success: true }
    },
  })

  const remove = defineMethod({
    name: 'sink_delete',
    summary: 'Deletes a sink; what it has sent stays where it is',
    params: namedParams,
    result: doneSchema,
    async handle({ params, caller }) {
      requireSuper(caller)
      if (!(await database.transaction(runner => removeSink(runner, params.name)))) throw sinkNotFound()
      return { success: true }
    },
  })

  return [create, update, remove]
}

import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { requireSuper } from '../../permission/grant.ts'
import { resources } from '../../resource/kind/index.ts'
import type { StoredSink } from '../../sink/sink.ts'
import { findSink, pauseSink, resumeSink } from '../../sink/store.ts'
import type { NotKept } from '../../stream/change-log.ts'
import { defineMethod, type Method } from '../method.ts'
import { doneSchema, namedParams, type SinkMethodDeps, sinkNotFound } from './sink-method.ts'

/** The methods that stop a sink and let it go on. */
export function controlMethods({ database, sealer, clock, changes }: SinkMethodDeps): readonly Method[] {
  /** Where the changes begin that are left, when those that the sink needs next are not. */
  async function firstKept({ resource: name, cursor }: StoredSink): Promise<number | undefined> {
    const resource = resources.find(each => each.name === name)
    // Records that bear numbers of their own are gone only where somebody has deleted them.
    if (resource === undefined || resource.recorded === 'publish') return undefined
    const fault: NotKept | undefined = await changes.whyNotKept(resource, cursor)
    return fault?.oldest
  }

  const pause = defineMethod({
    name: 'sink_pause',
    summary: 'Stops a sink within a second; nothing is lost meanwhile, as long as its changes are kept',
    params: namedParams,
    result: doneSchema,
    async handle({ params, caller }) {
      requireSuper(caller)
      const isThere = await database.transaction(runner => pauseSink(runner, params.name, clock()))
      if (!isThere) throw sinkNotFound()
      return { success: true }
    },
  })

  const resume = defineMethod({
    name: 'sink_resume',
    summary: 'Lets a sink that was paused or failed go on where it stopped; its failures are forgotten',
    params: {
      ...namedParams,
      skip_lost: z
        .boolean()
        .default(false)
        .describe('Go on behind the changes that are not kept any more, where there are such'),
    },
    result: z.strictObject({
      success: z.literal(true),
      skipped: z.int().describe('Numbers that it will never deliver'),
    }),
    async handle({ params: { name, skip_lost: skipLost }, caller }) {
      requireSuper(caller)
      const sink = await findSink(database, sealer, name)
      if (sink === undefined) throw sinkNotFound()
      const oldest = await firstKept(sink)
      if (oldest !== undefined && !skipLost) throw behindTooFar(sink.cursor + 1, oldest)
      const skipTo = oldest === undefined ? sink.cursor : oldest - 1
      const resuming = { now: clock(), ...(oldest !== undefined && { skipTo }) }
      const isThere = await database.transaction(runner => resumeSink(runner, name, resuming))
      if (!isThere) throw sinkNotFound()
      return { success: true, skipped: skipTo - sink.cursor }
    },
  })

  return [pause, resume]
}

/** 108: what lies between is gone, and nobody passes over it in silence. */
function behindTooFar(lostFrom: number, oldest: number): RpcError {
  const message = `Changes ${lostFrom} to ${oldest - 1} are not kept any more; with skip_lost it goes on behind them`
  return new RpcError('behind_too_far', message, { path: 'skip_lost', lost_from: lostFrom, oldest })
}

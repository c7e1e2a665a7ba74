import { z } from 'zod'
import { writeDeed } from '../audit/write.ts'
import { createStore } from '../definition/store.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { stringifyJson } from '../json.ts'
import { requireWebhookUrl } from '../outbound/webhook-place.ts'
import { requireSuper } from '../permission/grant.ts'
import { nameSchema } from '../permission/name.ts'
import { resourceNamed, resources } from '../resource/kind/index.ts'
import { planLive } from '../resource/query.ts'
import type { Resource } from '../resource/resource.ts'
import type { Sealer } from '../seal.ts'
import { type StoredSink, sink, sinkStatusSchema } from '../sink/sink.ts'
import { type SinkLag, sinkLags } from '../sink/status.ts'
import { pauseSink, resumeSink } from '../sink/store.ts'
import { changeTarget, type SinkTarget } from '../sink/target.ts'
import { type ChangeLog, notKept } from '../stream/change-log.ts'
import type { StreamFormat } from '../stream/format.ts'
import { withViews } from '../view/load-views.ts'
import { type DefinitionDeps, definitionMethods, notFound } from './definition.ts'
import { actorOf, credentialParam, defineMethod, type Method } from './method.ts'

/** What the methods of sinks work with. */
export interface SinkMethodDeps extends DefinitionDeps {
  readonly sealer: Sealer
  readonly changes: ChangeLog
  readonly maxConditions: number
  /** The private addresses that webhooks may reach, as for `createOutbound`. */
  readonly outboundAllow: readonly string[]
}

/** All `sink_*` methods; they are for the super token alone. */
export function sinkMethods(deps: SinkMethodDeps): readonly Method[] {
  const { changes, outboundAllow } = deps

  /** The number behind which a new sink begins. Throws RpcError 108 (`sequence_too_old`, `sequence_ahead`). */
  async function beginning(resource: Resource, after: number | undefined): Promise<number> {
    if (after === undefined) return changes.position(resource)
    const fault = await changes.whyNotKept(resource, after)
    if (fault === undefined) return after
    // 0 means from the oldest change that is kept.
    if (after === 0 && fault.oldest !== undefined) return fault.oldest - 1
    const { reason: _, ...numbers } = fault
    throw notKept(fault, 'after', numbers)
  }

  function reachable(target: SinkTarget): SinkTarget {
    if (target.webhook) requireWebhookUrl(target.webhook.url, outboundAllow, 'target.webhook.url')
    return target
  }

  const own = definitionMethods(sink, deps, {
    async changed(runner, before, { resource, query }) {
      if (stringifyJson(query.condition) === stringifyJson(before.query.condition)) return
      planLive(resourceOf(resource), await withViews(runner, query, null), deps)
    },
    async create(given) {
      const resource = resourceOf(given.resource)
      planLive(resource, await withViews(deps.database, given.query, null), deps)
      const target = reachable(changeTarget(given.target))
      const format = chosenFormat(resource, given.format)
      return {
        ...given,
        target,
        format,
        state: 'running' as const,
        cursor: await beginning(resource, given.after),
      }
    },
    update({ target, format, ...rest }, before) {
      const resource = resourceOf(before.resource)
      return {
        ...rest,
        ...(target !== undefined && { target: reachable(changeTarget(target, before)) }),
        ...(format !== undefined && { format: chosenFormat(resource, format) }),
        // The server that works on it goes by the old definition: it is taken up again with the new one.
        owner: null,
      }
    },
  })
  return [...own, ...controlMethods(deps), statusMethod(deps)]
}

/** The schema lets no other name through. */
function resourceOf(name: string): Resource {
  const resource = resourceNamed(name)
  if (resource === undefined) throw invalidParams('resource', 'unknown resource')
  return resource
}

/** The format that is asked for. Throws RpcError -32602 where the resource has no envelope. */
function chosenFormat({ envelope }: Resource, wanted: StreamFormat | undefined): StreamFormat {
  if (wanted === 'envelope' && envelope === undefined) {
    throw invalidParams('format', 'this resource has no envelope', 'no_envelope')
  }
  return wanted ?? (envelope === undefined ? 'row' : 'envelope')
}

const namedParams = { token: credentialParam, name: nameSchema }

/** The methods that pause and resume a sink. */
function controlMethods({ database, sealer, clock, changes }: SinkMethodDeps): readonly Method[] {
  const store = createStore(sink, sealer)

  /** The oldest change that is kept, when the next one that the sink needs is not. */
  async function firstKept({ resource: name, cursor }: StoredSink): Promise<number | undefined> {
    const resource = resourceNamed(name)
    // Records that bear numbers of their own are gone only where somebody has deleted them.
    if (resource === undefined || resource.recorded === 'publish') return undefined
    return (await changes.whyNotKept(resource, cursor))?.oldest
  }

  const pause = defineMethod({
    name: 'sink_pause',
    isAudited: true,
    summary: 'Pauses a sink within a second; nothing is lost as long as its changes are kept',
    params: namedParams,
    result: z.strictObject({ success: z.literal(true) }),
    async handle(call) {
      const { name } = call.params
      requireSuper(call.caller)
      await database.transaction(async runner => {
        if (!(await pauseSink(runner, name, clock()))) throw notFound(sink)
        await writeDeed(runner, { by: actorOf('sink_pause', call), target: name }, clock())
      })
      return { success: true }
    },
  })

  const resume = defineMethod({
    name: 'sink_resume',
    isAudited: true,
    summary: 'Resumes a paused or failed sink where it stopped, and forgets its failures',
    params: {
      ...namedParams,
      skip_lost: z.boolean().default(false).describe('Skips changes that are no longer kept'),
    },
    result: z.strictObject({
      success: z.literal(true),
      skipped: z.int().describe('How many changes it will never deliver'),
    }),
    async handle(call) {
      const { name, skip_lost: skipLost } = call.params
      requireSuper(call.caller)
      const found = await store.find(database, name)
      if (found === undefined) throw notFound(sink)
      const oldest = await firstKept(found)
      if (oldest !== undefined && !skipLost) throw behindTooFar(found.cursor + 1, oldest)
      const skipTo = oldest === undefined ? found.cursor : oldest - 1
      const resuming = { now: clock(), ...(oldest !== undefined && { skipTo }) }
      await database.transaction(async runner => {
        if (!(await resumeSink(runner, name, resuming))) throw notFound(sink)
        await writeDeed(runner, { by: actorOf('sink_resume', call), target: name }, clock())
      })
      return { success: true, skipped: skipTo - found.cursor }
    },
  })

  return [pause, resume]
}

/** 108: changes were lost, and the client must say that it knows. */
function behindTooFar(lostFrom: number, oldest: number): RpcError {
  const message = `Changes ${lostFrom} to ${oldest - 1} are no longer kept; skip_lost continues behind them`
  return new RpcError('behind_too_far', message, { path: 'skip_lost', lost_from: lostFrom, oldest })
}

function statusMethod({ database, sealer }: SinkMethodDeps): Method {
  const store = createStore(sink, sealer)
  return defineMethod({
    name: 'sink_status',
    summary: 'Shows the progress of all sinks, or of one',
    params: { token: credentialParam, name: nameSchema.optional() },
    result: z.strictObject({ sinks: z.array(sinkStatusSchema) }),
    async handle({ params: { name }, caller }) {
      requireSuper(caller)
      const sinks = await store.list(database)
      const wanted = name === undefined ? sinks : sinks.filter(each => each.name === name)
      if (name !== undefined && wanted.length === 0) throw notFound(sink)
      // Read after the sinks, so that none seems to be ahead of its resource.
      const lags = new Map((await sinkLags(database, resources)).map(lag => [lag.name, lag]))
      return { sinks: wanted.map(each => showStatus(each, lags.get(each.name))) }
    },
  })
}

function showStatus(stored: StoredSink, lag: SinkLag | undefined): object {
  const last = lag?.lastNumber ?? stored.cursor
  const members: Readonly<Record<string, unknown>> = {
    ...stored,
    last_sequence_number: last,
    lag: Math.max(0, last - stored.cursor),
    age_ms: lag?.ageMs ?? 0,
  }
  return Object.fromEntries(Object.keys(sinkStatusSchema.shape).map(name => [name, members[name]]))
}

import { createBell } from '../async/bell.ts'
import { systemClock } from '../async/clock.ts'
import { within } from '../async/within.ts'
import { allMatch, type Matcher } from '../condition/match.ts'
import type { Database } from '../database/database.ts'
import { hasReason, RpcError } from '../errors.ts'
import { planLive } from '../resource/query.ts'
import type { Resource } from '../resource/resource.ts'
import type { Change, ChangeLog } from '../stream/change-log.ts'
import { changeText } from '../stream/format.ts'
import { withViews } from '../view/load-views.ts'
import type { TakenSink } from './claim.ts'
import { createDelivery, type Delivery, type DeliveryDeps, faultMs } from './delivery.ts'
import { batchesOf, DeliveryError, type Item } from './destination.ts'
import { createProgress, type Progress, SinkLost } from './progress.ts'
import type { StoredSink } from './sink.ts'

/** One server's work on one sink. */
export interface SinkWorker {
  /** There may be new numbers. */
  wake(): void
  /**
   * Starts no other batch, and aborts the one under way after this many milliseconds. Resolves once it has
   * ended.
   */
  stop(graceMs: number): Promise<void>
  /** Resolves once it has ended, also by itself: the sink failed or was lost. */
  readonly ended: Promise<void>
}

export interface WorkerDeps extends DeliveryDeps {
  readonly database: Pick<Database, 'run'>
  readonly log: ChangeLog
  readonly resources: readonly Resource[]
}

/** Polls for new numbers after this time without a notification. */
const pollMs = 1000
/** Numbers per read, for deliveries smaller than this. */
const readAhead = 500

/** The sink's conditions may have been stored by a server that allowed more of them; views may multiply them. */
const maxConditions = 10_000

export function startSinkWorker({ sink, waitMs }: TakenSink, owner: string, deps: WorkerDeps): SinkWorker {
  const { log, onError } = deps
  const bell = createBell()
  const progress = createProgress(deps.database, sink, owner)
  const delivery = createDelivery(sink, progress, deps)
  let isStopping = false

  /** Rings for new numbers do not shorten it. */
  async function pause(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (!isStopping && performance.now() < until) await bell.wait(until - performance.now())
  }

  async function work(): Promise<void> {
    await pause(waitMs)
    while (!isStopping) {
      try {
        const { resource, matches } = await readerOf(sink, deps)
        while (!isStopping) if (!(await readOn(resource, matches))) await bell.wait(pollMs)
      } catch (error) {
        if (!(await recover(error))) return
      }
    }
  }

  /** Resolves to whether there was anything new. */
  async function readOn(resource: Resource, matches: Matcher): Promise<boolean> {
    const { changes, through } = await readBehind(log, resource, progress.cursor, sink.batch_size)
    if (through === progress.cursor) {
      await progress.save()
      return false
    }
    const wanted = changes.filter(change => matches(change.row()))
    const items = wanted.map(change => itemOf(change, resource, sink))
    const batches = batchesOf(items, sink.batch_size)
    for (const [i, batch] of batches.entries()) {
      if (isStopping) return true
      // Nothing between the last match and the end of the page matches.
      await delivery.deliver(batch, i === batches.length - 1 ? through : (batch.at(-1)?.number ?? through))
    }
    if (batches.length === 0) progress.skip(through)
    await progress.save()
    return true
  }

  /** Resolves to whether the worker continues. */
  async function recover(error: unknown): Promise<boolean> {
    if (error instanceof SinkLost) return false
    try {
      const fault = faultOf(error)
      if (fault !== undefined) {
        const delayMs = await delivery.fail(fault)
        if (delayMs !== undefined) await pause(delayMs)
        return delayMs !== undefined
      }
      if (!delivery.isCut) onError(error)
    } catch (again) {
      if (again instanceof SinkLost) return false
      onError(again)
    }
    await bell.wait(faultMs)
    return true
  }

  const ended = work()
    .catch(onError)
    .then(() => end(delivery, progress, onError))
  return {
    wake: bell.ring,
    ended,
    async stop(graceMs) {
      isStopping = true
      bell.ring()
      await within(graceMs, ended)
      delivery.cut()
      await ended
    },
  }
}

async function end(delivery: Delivery, progress: Progress, onError: (error: unknown) => void): Promise<void> {
  await delivery.close().catch(onError)
  await progress.save(true).catch(error => {
    if (!(error instanceof SinkLost)) onError(error)
  })
}

interface SinkReader {
  readonly resource: Resource
  readonly matches: Matcher
}

/** Throws DeliveryError when the sink's resource or conditions are no longer known. */
async function readerOf(sink: StoredSink, { database, resources }: WorkerDeps): Promise<SinkReader> {
  const resource = resources.find(each => each.name === sink.resource)
  if (resource === undefined)
    throw new DeliveryError(`resource_unknown: ${sink.resource}`, { lasting: 'refused' })
  try {
    // Sinks are the super token's, and so are the views that they name.
    const query = await withViews(database, sink.query, null)
    const { predicates } = planLive(resource, query, { maxConditions })
    return { resource, matches: allMatch(predicates, systemClock) }
  } catch (cause) {
    if (!(cause instanceof RpcError)) throw cause
    throw new DeliveryError(`condition_unknown: ${cause.message}`, { lasting: 'refused', cause })
  }
}

/** The changes after `after`. Trailing numbers whose records were deleted count as read. */
async function readBehind(log: ChangeLog, resource: Resource, after: number, batchSize: number) {
  const last = resource.recorded === 'publish' ? await log.position(resource) : after
  const found = await log.read(resource, after, Math.max(readAhead, batchSize))
  return found.through === after ? { changes: [], through: Math.max(after, last) } : found
}

function itemOf(change: Change, resource: Resource, { format }: StoredSink): Item {
  const text = `{"sequence_number":${change.number},"${format}":${changeText(resource, format, change)}}`
  return { number: change.number, text }
}

/** Undefined for an error that is not the sink's fault. */
function faultOf(error: unknown): DeliveryError | undefined {
  if (error instanceof DeliveryError) return error
  if (!hasReason(error, 'sequence_too_old')) return undefined
  return new DeliveryError(`behind_too_far: ${error.message}`, { lasting: 'behind_too_far', cause: error })
}

import type { Database, Runner } from '../database/database.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { sendAction } from '../event/handler/action.ts'
import type { Recall } from '../event/send/receiving.ts'
import type { Sender } from '../event/send/send.ts'
import { type Identity, requirePermission } from '../permission/grant.ts'
import { resourceNamed } from '../resource/kind/index.ts'
import type { Query } from '../resource/query.ts'
import type { RecordService, Records } from '../resource/records.ts'
import { withViews } from '../view/load-views.ts'
import { type Claimed, type Finding, settleMonitor } from './claim.ts'
import type { Monitor } from './monitor.ts'
import { failed, type Judgement, judge, nextTime, nextTry, type Standing } from './state.ts'
import { toldEvent } from './told-event.ts'
import { recordTransition } from './transition.ts'

export interface EvaluateDeps {
  readonly database: Database
  readonly records: RecordService
  readonly sender: Pick<Sender, 'sendWithin'>
  readonly recall: Recall
  /** Told of each evaluation that failed, with the reason of its error. */
  onFailure(reason: string): void
  onError(error: unknown): void
}

/** Counts what a monitor finds, and writes where it stands now together with the event that tells of it. */
export async function evaluate(deps: EvaluateDeps, claimed: Claimed): Promise<void> {
  const { monitor, now } = claimed
  const began = performance.now()
  // By the database's clock, as far as this server can tell.
  const clock = (): number => now + Math.round(performance.now() - began)
  try {
    const count = await countNow(deps, claimed)
    const judgement = judge(monitor, standingOf(monitor), { count, time: now })
    const next_time = nextTime(monitor.every_ms, monitor.next_time ?? now, clock())
    await settle(deps, monitor, judgement, {
      ...columnsOf(judgement.standing),
      count,
      evaluated_time: now,
      last_error: null,
      next_time,
    })
  } catch (error) {
    const standing = failed(standingOf(monitor), clock())
    await settle(
      deps,
      monitor,
      { standing },
      {
        ...columnsOf(standing),
        count: null,
        evaluated_time: now,
        last_error: describe(error),
        next_time: nextTry(monitor.every_ms, standing.failures, clock()),
      },
    )
    deps.onFailure(error instanceof RpcError ? error.data.reason : 'internal_error')
    if (!(error instanceof RpcError)) deps.onError(error)
  }
}

/** With what its makers may do by now. Throws RpcError. */
async function countNow(
  { database, records, recall }: EvaluateDeps,
  { monitor, now }: Claimed,
): Promise<number> {
  const { window_ms: windowMs, makers } = monitor
  const query = await withViews(database, monitor.query, monitor.owner)
  const own = recordsOf(records, monitor)
  const maker = await recall(makers)
  requireMaking(maker, own, { ...monitor, query })
  const count = await own.countBetween(maker, query, { from: now - windowMs, to: now })
  // Counting may take long: nothing is told in the name of those who may no longer know.
  requireMaking(await recall(makers), own, { ...monitor, query })
  return count
}

/** The records that it counts. Throws RpcError -32602 where this version has no such resource. */
export function recordsOf(records: RecordService, { resource: name }: Pick<Monitor, 'resource'>): Records {
  const resource = resourceNamed(name)
  if (resource === undefined) throw invalidParams('resource', 'there is no such resource', 'unknown_resource')
  return records.of(resource)
}

/** Throws RpcError 102 unless the caller may read what it counts and send its event; -32602 for a bad query. */
export function requireMaking(
  caller: Identity,
  records: Records,
  { query, event }: Pick<Monitor, 'event'> & { readonly query: Query },
): void {
  records.requireCountable(caller, query)
  requirePermission(caller, sendAction, event.sender)
}

function standingOf({ state, since, is_open: isOpen, failures }: Monitor): Standing {
  return { state, since, isOpen, failures }
}

function columnsOf({ isOpen, ...rest }: Standing): Pick<Finding, 'state' | 'since' | 'is_open' | 'failures'> {
  return { ...rest, is_open: isOpen }
}

/** The state, its transition and the event's runs are written together, and only by the server that holds the monitor. */
async function settle(
  { database, sender }: EvaluateDeps,
  monitor: Monitor,
  { standing, told }: Judgement,
  found: Finding,
): Promise<void> {
  const { state, since } = standing
  if (state === monitor.state) return void (await settleMonitor(database, monitor, found))

  const write = async (runner: Runner, requestId: string | null): Promise<boolean> => {
    if (!(await settleMonitor(runner, monitor, found))) return false
    await recordTransition(runner, monitor.id, { time: since, state, count: found.count, requestId })
    return true
  }
  if (told === undefined) return void (await database.transaction(runner => write(runner, null)))
  const event = toldEvent(monitor, { state: told, count: found.count ?? 0, since })
  await sender.sendWithin(event, insert =>
    database.transaction(async runner => {
      if (await write(runner, event.requestId)) await insert(runner)
    }),
  )
}

function describe(error: unknown): string {
  return error instanceof RpcError ? `${error.data.reason}: ${error.message}` : 'internal_error'
}

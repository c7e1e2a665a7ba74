import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import type { Origin } from '../../permission/grant.ts'
import { principalOfAll } from '../../permission/origin.ts'
import { nextFire } from '../../schedule/cron.ts'
import { type AddressedEvent, cronEventType, newChainId } from './event.ts'
import type { Sender } from './send.ts'

export interface ScheduleDeps {
  readonly database: Database
  readonly sender: Sender
  readonly clock: Clock
  /** Runs a script whose time has come. */
  runScript(worker: string, scheduledTime: number): Promise<void>
  onError(error: unknown): void
}

/** Definitions fired in one transaction. */
const batch = 50

/**
 * Fires what is due: once on whichever server comes first, and once however often its time was missed. The event and
 * the next time are written together. Resolves to whether there may be more.
 */
export async function fireHandlers({ database, sender, clock }: ScheduleDeps): Promise<boolean> {
  return database.transaction(async runner => {
    const now = clock()
    const due = await runner.kysely
      .selectFrom('event_handler')
      .select(['id', 'full_name', 'schedule_cron', 'schedule_tz', 'next_fire_time', 'owner'])
      .where('next_fire_time', '<=', new Date(now))
      .where('enabled', '=', true)
      .orderBy('next_fire_time')
      .limit(batch)
      .forUpdate()
      .skipLocked()
      .execute()
    for (const row of due) {
      await runner.kysely
        .updateTable('event_handler')
        .set({ next_fire_time: nextTime(row, now) })
        .where('id', '=', row.id)
        .execute()
    }
    const events = due.map(({ full_name, next_fire_time, owner }) =>
      cronEvent(full_name, next_fire_time?.getTime() ?? now, owner as readonly Origin[]),
    )
    await sender.insert(runner, events)
    return due.length === batch
  })
}

/** The same for script workers: each runs `onCron`. */
export async function fireScripts(deps: ScheduleDeps): Promise<boolean> {
  const { database, clock, runScript, onError } = deps
  const due = await database.transaction(async runner => {
    const now = clock()
    const rows = await runner.kysely
      .selectFrom('js_worker')
      .select(['id', 'name', 'schedule_cron', 'schedule_tz', 'next_fire_time'])
      .where('next_fire_time', '<=', new Date(now))
      .orderBy('next_fire_time')
      .limit(batch)
      .forUpdate()
      .skipLocked()
      .execute()
    for (const row of rows) {
      await runner.kysely
        .updateTable('js_worker')
        .set({ next_fire_time: nextTime(row, now) })
        .where('id', '=', row.id)
        .execute()
    }
    return rows
  })
  await Promise.all(
    due.map(({ name, next_fire_time }) =>
      runScript(name, next_fire_time?.getTime() ?? clock()).catch(onError),
    ),
  )
  return due.length === batch
}

interface Scheduled {
  readonly schedule_cron: string | null
  readonly schedule_tz: string | null
}

function nextTime({ schedule_cron: cron, schedule_tz: tz }: Scheduled, now: number): Date | null {
  return cron === null ? null : new Date(nextFire({ cron, tz: tz ?? 'UTC' }, now))
}

function cronEvent(fullName: string, scheduledTime: number, caller: readonly Origin[]): AddressedEvent {
  return {
    sender: fullName,
    eventType: cronEventType,
    kwargs: { scheduled_time: scheduledTime },
    runType: 'cron',
    requestId: newChainId(),
    chainOwner: principalOfAll(caller),
    nodeId: undefined,
    parentNodeId: null,
    depth: 0,
    delayMs: 0,
    caller,
    handler: fullName,
  }
}

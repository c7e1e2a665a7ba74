import type { Clock } from '../../async/clock.ts'
import type { Database, Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
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

/** The SQL that finds what is due in a table of definitions, and that sets its next time. */
function scheduleOf(table: string, { name, isOn }: { readonly name: string; readonly isOn: string }) {
  return {
    select: rawStatement(
      `select id, ${name}, schedule_cron, schedule_tz, next_fire_time, owner from ${table}
       where next_fire_time <= to_timestamp($1::float8 / 1000) and ${isOn}
       order by next_fire_time limit ${batch} for update skip locked`,
    ),
    update: rawStatement(
      `update ${table} set next_fire_time = to_timestamp(given.time / 1000)
       from unnest($1::bigint[], $2::float8[]) as given(given_id, time) where id = given_id`,
    ),
  }
}

const handlers = scheduleOf('event_handler', { name: 'full_name', isOn: 'enabled' })
const scripts = scheduleOf('js_worker', { name: 'name', isOn: 'true' })

interface Due {
  readonly name: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly owner: readonly Origin[]
}

/** Takes what is due: each gets its next time, in the transaction of `run`. */
async function takeDue(
  { run }: Pick<Runner, 'run'>,
  { select, update }: typeof handlers,
  now: number,
): Promise<readonly Due[]> {
  const { rows } = await run(select, [now])
  const nextTimes = rows.map(([, , cron, tz]) =>
    cron === null ? null : nextFire({ cron: String(cron), tz: String(tz ?? 'UTC') }, now),
  )
  if (rows.length > 0) await run(update, [rows.map(([id]) => Number(id)), nextTimes])
  return rows.map(([, name, , , time, owner]) => ({
    name: String(name),
    time: (time as Date).getTime(),
    owner: JSON.parse(String(owner)) as readonly Origin[],
  }))
}

/**
 * Fires what is due: once on whichever server comes first, and once however often its time was missed. The event and
 * the next time are written together. Resolves to whether there may be more.
 */
export async function fireHandlers({ database, sender, clock }: ScheduleDeps): Promise<boolean> {
  return database.transaction(async runner => {
    const due = await takeDue(runner, handlers, clock())
    await sender.insert(
      runner,
      due.map(({ name, time, owner }) => cronEvent(name, time, owner)),
    )
    return due.length === batch
  })
}

/** The same for script workers: each runs `onCron`. */
export async function fireScripts(deps: ScheduleDeps): Promise<boolean> {
  const { database, clock, runScript, onError } = deps
  const due = await database.transaction(runner => takeDue(runner, scripts, clock()))
  await Promise.all(due.map(({ name, time }) => runScript(name, time).catch(onError)))
  return due.length === batch
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

import type { Clock } from '../async/clock.ts'
import { coalesce } from '../async/coalesce.ts'
import { repeat } from '../async/repeat.ts'
import { within } from '../async/within.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import { createScripts, type ScriptDeps, type Scripts } from '../js-worker/scripts.ts'
import type { Webhooks } from '../outbound/webhook.ts'
import { createHandlerDirectory, type HandlerDirectory } from './handler/handler-directory.ts'
import type { LocalHandler } from './handler/local-handlers.ts'
import { type Consumer, createConsumer } from './run/consumer.ts'
import type { Ending } from './run/end-runs.ts'
import { createExecute } from './run/execute.ts'
import { forsakeOrphans } from './run/forsake.ts'
import { rescueRuns } from './run/rescue.ts'
import { takeServerLease } from './run/server-lease.ts'
import { createTasks, type Tasks } from './run/task.ts'
import { createTaskSignal } from './run/task-signal.ts'
import { createWaiter, type Waiter } from './run/wait.ts'
import { readEventRequests } from './send/event-request.ts'
import { forgetKeys } from './send/idempotency.ts'
import { fireHandlers, fireScripts, type ScheduleDeps } from './send/schedule.ts'
import { createSender, type Sender } from './send/send.ts'

export interface EventServiceOptions extends Omit<ScriptDeps, 'owner' | 'send'> {
  readonly database: Database
  readonly webhooks: Webhooks
  readonly localHandlers: ReadonlyMap<string, LocalHandler>
  readonly clock: Clock
  /** How many runs this server executes at once. */
  readonly maxRuns: number
  /** How long others wait for this server when it falls silent, in milliseconds. */
  readonly leaseMs: number
  /** The machine that this server is; see `EventService.name`. */
  readonly machine?: string | undefined
  /** Told of each attempt that has ended here. */
  onEnded?(ending: Ending): void
  onError(error: unknown): void
}

/** Sends events, and runs what they set off, on this server. */
export interface EventService {
  readonly directory: HandlerDirectory
  readonly sender: Sender
  readonly waiter: Waiter
  readonly tasks: Tasks
  readonly scripts: Scripts
  /** Under which lease this server works; another one once that was lost. */
  owner(): string
  /** From now on this server is known as this machine: its port may not have been known at the start. */
  name(machine: string): Promise<void>
  /** There may be work for this server or for remote workers. */
  wake(): void
  /** Takes no more work, gives active runs `drainMs` to end, and hands back the rest. */
  close(drainMs: number): Promise<void>
}

const pollMs = 1000

const isWaiting = `exists (select from event_log where due_time is not null and status = 'waiting')`
const nextFireTime = `(select min(time) from (
  select min(next_fire_time) as time from event_handler where enabled and next_fire_time is not null
  union all select min(next_fire_time) from js_worker where next_fire_time is not null) as next)`

const tidyMs = 60_000

/** Starts running events. `options.database` is migrated. */
export async function startEventService(options: EventServiceOptions): Promise<EventService> {
  const { database, clock, leaseMs, machine, localHandlers, recall, onError } = options
  const directory = createHandlerDirectory(options.sealer)
  const waiter = createWaiter(database, onError)
  const signal = createTaskSignal(database, onError)
  const lease = await takeServerLease({
    database,
    leaseMs,
    machine,
    onLost: () => consumer.abandon(),
    onError,
  })
  const wake = (): void => {
    signal.look()
    consumer.wake()
  }

  const sender = createSender({
    database,
    directory,
    clock,
    recall,
    onWork: delayMs => (delayMs === 0 ? wake() : consumer.wakeIn(delayMs)),
  })
  const scripts = createScripts({
    ...options,
    owner: async () => lease.id(),
    async send(events, { identity, chain }) {
      const answers = await sender.send(readEventRequests(events), { identity, chain })
      return Array.isArray(events) ? answers : answers[0]
    },
  })
  const consumer = createConsumer({
    ...options,
    directory,
    waiter,
    lease,
    execute: createExecute({ ...options, scripts, sender }),
    canRun: ({ full_name, target }) =>
      target.kind === 'local' ? localHandlers.has(full_name) : target.kind !== 'remote',
  })
  const tasks = createTasks({ database, directory, waiter, clock, signal, recall })

  async function runScript(worker: string, scheduledTime: number): Promise<void> {
    const params = { scheduled_time: scheduledTime }
    await scripts.start({ worker, entry: 'onCron', runType: 'cron', params, caller: undefined })
  }
  const schedule = { database, sender, clock, runScript, onError }
  const rounds = await startRounds({ ...options, directory, consumer, schedule, wake })

  return {
    directory,
    sender,
    waiter,
    tasks,
    scripts,
    owner: lease.id,
    name: lease.name,
    wake,
    async close(drainMs) {
      signal.close()
      await rounds.stop()
      await Promise.all([consumer.stop(drainMs), within(drainMs, scripts.idle())])
      waiter.close()
      await rounds.close()
      await lease.close()
    },
  }
}

interface RoundOptions extends EventServiceOptions {
  readonly directory: HandlerDirectory
  readonly consumer: Consumer
  readonly schedule: ScheduleDeps
  wake(): void
}

/** What is looked for again and again: work, cancellations, schedules, and what others have left behind. */
async function startRounds(options: RoundOptions) {
  const { database, clock, leaseMs, consumer, schedule, wake, onError } = options
  const firing = coalesce(async () => {
    while (await fireHandlers(schedule));
    while (await fireScripts(schedule));
  }, onError)
  const rescue = () => rescueRuns(options)
  async function tidy(): Promise<void> {
    await forsakeOrphans(database, clock())
    await forgetKeys(database, clock())
  }

  const listening = [
    await database.listen(channels.work, wake),
    await database.listen(channels.cancel, () => void consumer.review().catch(onError)),
  ]
  const repeated = [
    repeat(pollMs, consumer.review, onError),
    repeat(leaseMs / 3, rescue, onError),
    repeat(tidyMs, tidy, onError),
  ]
  const asked = [
    database.everySecond(isWaiting, answer => {
      if (answer === true) consumer.wake()
    }),
    database.everySecond(nextFireTime, time => {
      if (time instanceof Date && time.getTime() <= clock()) firing.run()
    }),
  ]
  // What an earlier server left behind here need not wait for the first turn.
  await rescue().catch(onError)
  wake()

  return {
    async stop(): Promise<void> {
      for (const end of asked) end()
      await Promise.all([firing, ...repeated].map(each => each.stop()))
    },
    async close(): Promise<void> {
      for (const end of listening) await end()
    },
  }
}

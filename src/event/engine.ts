import type { Clock } from '../async/clock.ts'
import { repeat } from '../async/repeat.ts'
import { within } from '../async/within.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import { createScriptRunner, type ScriptRunner, type ScriptRunnerDeps } from '../js-worker/run.ts'
import type { Webhooks } from '../outbound/webhook.ts'
import { createHandlerDirectory, type HandlerDirectory } from './handler/handler-directory.ts'
import type { LocalHandler } from './handler/local-handlers.ts'
import type { Ending } from './run/end-runs.ts'
import { createExecute } from './run/execute.ts'
import { forsakeOrphans } from './run/forsake.ts'
import { rescueRuns } from './run/rescue.ts'
import { createRunner } from './run/runner.ts'
import { takeServerLease } from './run/server-lease.ts'
import { createTasks, type Tasks } from './run/task.ts'
import { createTaskSignal } from './run/task-signal.ts'
import { createWaiter, type Waiter } from './run/wait.ts'
import { readEventRequests } from './send/event-request.ts'
import { forgetKeys } from './send/idempotency.ts'
import { fireHandlers, fireScripts } from './send/schedule.ts'
import { createSender, type Sender } from './send/send.ts'

export interface EngineOptions extends Omit<ScriptRunnerDeps, 'owner' | 'send'> {
  readonly database: Database
  readonly webhooks: Webhooks
  readonly localHandlers: ReadonlyMap<string, LocalHandler>
  readonly clock: Clock
  /** Runs that go on at once on this server. */
  readonly maxRuns: number
  /** How long others wait for this server when it falls silent, in milliseconds. */
  readonly leaseMs: number
  /** The machine that this server is; see `Engine.name`. */
  readonly machine?: string | undefined
  /** Told of each attempt that has ended here. */
  onEnded?(ending: Ending): void
  onError(error: unknown): void
}

/** Everything that happens to events on this server. */
export interface Engine {
  readonly directory: HandlerDirectory
  readonly sender: Sender
  readonly waiter: Waiter
  readonly tasks: Tasks
  readonly scripts: ScriptRunner
  /** Under which lease this server works; another one once that was lost. */
  owner(): string
  /** From now on this server is known as this machine: its port may not have been known at the start. */
  name(machine: string): Promise<void>
  /** There may be work for this server or for remote workers. */
  wake(): void
  /** Takes no more work, lets what runs end for so many milliseconds, and hands back the rest. */
  close(drainMs: number): Promise<void>
}

const pollMs = 1000

const isWaiting = `exists (select from event_log where due_time is not null and status = 'waiting')`
const nextFireTime = `(select min(time) from (
  select min(next_fire_time) as time from event_handler where enabled and next_fire_time is not null
  union all select min(next_fire_time) from js_worker where next_fire_time is not null) as next)`

const tidyMs = 60_000

/** Starts running events. `options.database` is migrated. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { database, clock, leaseMs, machine, localHandlers, onError } = options
  const directory = createHandlerDirectory(options.sealer)
  const waiter = createWaiter(database, onError)
  const signal = createTaskSignal(database, onError)
  const lease = await takeServerLease({ database, leaseMs, machine, onLost: () => runner.abandon(), onError })
  const wake = (): void => {
    signal.look()
    runner.wake()
  }

  const sender = createSender({
    database,
    directory,
    clock,
    recall: options.recall,
    onWork: delayMs => (delayMs === 0 ? wake() : runner.wakeIn(delayMs)),
  })
  const scripts = createScriptRunner({
    ...options,
    owner: async () => lease.id(),
    async send(events, { identity, chain }) {
      const answers = await sender.send(readEventRequests(events), { identity, chain })
      return Array.isArray(events) ? answers : answers[0]
    },
  })
  const execute = createExecute({ ...options, scripts, sender })
  const runner = createRunner({
    ...options,
    directory,
    waiter,
    lease,
    execute,
    canRun: ({ full_name, target }) =>
      target.kind === 'local' ? localHandlers.has(full_name) : target.kind !== 'remote',
  })
  const tasks = createTasks({ database, directory, waiter, clock, signal, recall: options.recall })

  const rescue = { database, directory, clock }
  const schedule = { database, sender, clock, runScript, onError }
  async function runScript(worker: string, scheduledTime: number): Promise<void> {
    const params = { scheduled_time: scheduledTime }
    await scripts.start({ worker, entry: 'onCron', runType: 'cron', params, caller: undefined })
  }
  async function fire(): Promise<void> {
    while (await fireHandlers(schedule));
    while (await fireScripts(schedule));
  }
  let firing: Promise<void> | undefined
  function fireOnce(): void {
    firing ??= fire()
      .catch(onError)
      .finally(() => {
        firing = undefined
      })
  }
  async function tidy(): Promise<void> {
    await forsakeOrphans(database, clock())
    await forgetKeys(database, clock())
  }

  const listening = [
    await database.listen(channels.work, wake),
    await database.listen(channels.cancel, () => void runner.review().catch(onError)),
  ]
  const repeated = [
    repeat(pollMs, runner.review, onError),
    repeat(leaseMs / 3, () => rescueRuns(rescue), onError),
    repeat(tidyMs, tidy, onError),
  ]
  const asked = [
    database.everySecond(isWaiting, answer => {
      if (answer === true) runner.wake()
    }),
    database.everySecond(nextFireTime, time => {
      if (time instanceof Date && time.getTime() <= clock()) fireOnce()
    }),
  ]
  // What an earlier server left behind here need not wait for the first turn.
  await rescueRuns(rescue).catch(onError)
  wake()

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
      for (const end of asked) end()
      await Promise.all([firing, ...repeated.map(each => each.stop())])
      await Promise.all([runner.stop(drainMs), within(drainMs, scripts.idle())])
      waiter.close()
      for (const end of listening) await end()
      await lease.close()
    },
  }
}

import { systemClock } from '../../src/async/clock.ts'
import type { Database, Runner } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import type { Handler } from '../../src/event/handler/handler.ts'
import { createHandlerDirectory } from '../../src/event/handler/handler-directory.ts'
import { type Ending, endRuns } from '../../src/event/run/end-runs.ts'
import { rescueRuns } from '../../src/event/run/rescue.ts'
import type { Run, RunOutcome } from '../../src/event/run/run.ts'
import { type TakeOptions, takeRuns } from '../../src/event/run/take-runs.ts'
import type { SendAnswer, ShownLog } from '../../src/event/send/event.ts'
import { readEventRequests } from '../../src/event/send/event-request.ts'
import { createSender } from '../../src/event/send/send.ts'
import { sealer } from './definitions.ts'
import { root, type SentByTest } from './engine-setup.ts'

/** The steps of running events, for tests that take one at a time; each in a transaction of `through`. */
export interface EventParts {
  readonly directory: ReturnType<typeof createHandlerDirectory>
  send(events: readonly SentByTest[], through?: Database): Promise<readonly SendAnswer<ShownLog>[]>
  /** Takes what is due as a server that is alive. */
  take(owner: string, max?: number, through?: Database): Promise<readonly Run[]>
  /** Takes the work of a remote handler. */
  claim(handlerId: number, leaseMs?: number, through?: Database): Promise<readonly Run[]>
  end(run: Run, outcome: RunOutcome, through?: Database): Promise<Ending | undefined>
  rescue(through?: Database): Promise<number>
}

export async function openParts(database: Database): Promise<EventParts> {
  const clock = systemClock
  const directory = createHandlerDirectory(sealer)
  const taking = (through: Database, canTake: (handler: Handler) => boolean, more: TakingMore) =>
    directory.use(
      through,
      ({ all }) => all.filter(handler => handler.enabled && canTake(handler)),
      (handlers, of) =>
        through.transaction(async runner => {
          return (await takeRuns(runner, handlers, { of, now: clock(), max: 100, ...more })).runs
        }),
    )
  return {
    directory,
    send: (events, through = database) =>
      createSender({
        database: through,
        directory,
        clock,
        recall: async () => root,
        onWork: () => undefined,
      }).send(readEventRequests(events), { identity: root }),
    async take(owner, max = 100, through = database) {
      return taking(through, ({ target }) => target.kind !== 'remote', { owner, max })
    },
    claim: (handlerId, leaseMs = 30_000, through = database) =>
      taking(through, ({ id }) => id === handlerId, { leaseMs: () => leaseMs }),
    end: (run, outcome, through = database) =>
      through.transaction(async runner => {
        const [ending] = await endRuns(runner, [{ run, outcome }], clock())
        return ending
      }),
    rescue: (through = database) => rescueRuns({ database: through, directory, clock }),
  }
}

type TakingMore = Pick<TakeOptions, 'owner' | 'leaseMs'> & { max?: number }

const setLease = rawStatement(
  `insert into server_lease (id, started_time, lease_until) values ($1, now(), now() + $2::int * interval '1 second')
   on conflict (id) do update set lease_until = excluded.lease_until`,
)

/** A server that is alive, and will be for an hour. */
export async function beginServer(runner: Pick<Runner, 'run'>, id: string): Promise<void> {
  await runner.run(setLease, [id, 3600])
}

/** The lease of the server has ended. */
export async function loseServer(runner: Pick<Runner, 'run'>, id: string): Promise<void> {
  await runner.run(setLease, [id, -1])
}

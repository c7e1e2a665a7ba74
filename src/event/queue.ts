import { AsyncLocalStorage } from 'node:async_hooks'
import { hash } from 'node:crypto'
import { fromKysely, PgBoss } from 'pg-boss'
import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

/** A piece of work that waits: it names a row of event_log. */
export interface NewJob {
  /** A UUID, kept in the row's `job_id`. */
  readonly id: string
  /** The id of the row. */
  readonly row: number
  /** The handler's full name: what `limits` counts by. */
  readonly group: string
  /** Not to be taken before (epoch ms); absent: at once. */
  readonly startAfter?: number | undefined
}

export interface TakenJob {
  readonly id: string
  readonly row: number
}

export interface Taking {
  readonly max: number
  /** How many jobs of a group may be under way at once; groups that are not named have no limit. */
  readonly limits?: ReadonlyMap<string, number>
  /** Groups to leave alone. */
  readonly except?: readonly string[]
}

/** Jobs of pg-boss. Everything happens inside the transaction that `runner` stands for. */
export interface Queue {
  add(runner: Runner, queue: string, jobs: readonly NewJob[]): Promise<void>
  /** Takes jobs that are due; they stay, under way, until `remove`. */
  take(runner: Runner, queue: string, taking: Taking): Promise<readonly TakenJob[]>
  remove(runner: Runner, queue: string, ids: readonly string[]): Promise<void>
  /** Lets jobs that were taken be taken again. */
  putBack(runner: Runner, queue: string, ids: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** The schema that holds the queue; `sql/0003_queue.sql` makes it. */
export const queueSchema = 'daybook_queue'

/** Where pg-boss tells, when the transaction commits, that there are jobs which may begin. */
export const workChannel = `pgboss_${hash('sha224', queueSchema).slice(0, 24)}`

/** The queue of the handlers that servers run themselves. */
export const serverQueue = 'event'

/** The queue of one handler whose work remote workers claim. */
export function remoteQueue(handlerId: number | ''): string {
  return `remote.${handlerId}`
}

// A job is taken back and removed by us. What pg-boss would do about a stale one is put off as long as it lets us.
const options = JSON.stringify({
  policy: 'standard',
  retryLimit: 0,
  expireInSeconds: 24 * 60 * 60 - 1,
  retentionSeconds: 10 * 365 * 24 * 60 * 60,
  notify: true,
})

const noLimit = 1_000_000

// Not pg-boss's createQueue: that brings a BEGIN and a COMMIT of its own, which would end our transaction halfway.
const createQueue = rawStatement(`select ${queueSchema}.create_queue($1::text, $2::jsonb)`)

// What pg-boss does with jobs that it took in excess; it offers that to nobody.
const restore = rawStatement(
  `update ${queueSchema}.job set state = 'created', started_on = null, heartbeat_on = null
   where name = $1 and id = any($2::text[]::uuid[])`,
)

/** Opens the queue in a migrated database. `onError`: told of what its upkeep in the background meets. */
export async function openQueue(database: Database, onError: (error: unknown) => void): Promise<Queue> {
  const inside = new AsyncLocalStorage<Runner>()
  const boss = new PgBoss({
    db: databaseOf(() => inside.getStore() ?? database),
    schema: queueSchema,
    backend: database.engine,
    migrate: false,
    schedule: false,
    // On PGlite it would compete with every request for the one connection; there is little to keep up.
    supervise: database.engine === 'postgres',
  })
  boss.on('error', onError)

  // Each time, and not only the first: the transaction that made it may have been rolled back.
  async function ensure(runner: Runner, name: string): Promise<void> {
    if (name !== serverQueue) await runner.run(createQueue, [name, options])
  }

  await boss.start()
  await database.run(createQueue, [serverQueue, options])

  return {
    add(runner, queue, jobs) {
      if (jobs.length === 0) return Promise.resolve()
      return inside.run(runner, async () => {
        await ensure(runner, queue)
        const ids = await boss.insert(queue, jobs.map(toInsert), { returnId: true })
        // To go on would leave rows that wait for ever.
        if (ids?.length !== jobs.length) throw new Error(`the queue ${queue} did not take all jobs`)
      })
    },
    take(runner, queue, { max, limits, except = [] }) {
      return inside.run(runner, async () => {
        await ensure(runner, queue)
        const jobs = await boss.fetch<{ row: number }>(queue, {
          batchSize: max,
          ...(except.length > 0 && { ignoreGroups: [...except] }),
          ...(limits !== undefined &&
            limits.size > 0 && {
              groupConcurrency: { default: noLimit, tiers: Object.fromEntries(limits) },
            }),
        })
        return jobs.map(({ id, data }) => ({ id, row: data.row }))
      })
    },
    remove(runner, queue, ids) {
      if (ids.length === 0) return Promise.resolve()
      return inside.run(runner, async () => {
        await ensure(runner, queue)
        await boss.deleteJob(queue, [...ids])
      })
    },
    async putBack(runner, queue, ids) {
      if (ids.length > 0) await runner.run(restore, [queue, ids])
    },
    close: () => boss.stop({ graceful: false }),
  }
}

function databaseOf(runner: () => Runner): ReturnType<typeof fromKysely> {
  return { executeSql: (text, values) => fromKysely(runner().kysely).executeSql(text, values) }
}

function toInsert({ id, row, group, startAfter }: NewJob) {
  return {
    id,
    data: { row },
    group: { id: group, tier: group },
    ...(startAfter !== undefined && { startAfter: new Date(startAfter) }),
  }
}

import { Client, type ClientConfig } from 'pg'
import { repeat } from '../async/repeat.ts'
import { within } from '../async/within.ts'
import type { ReplicaState } from './database.ts'
import { createReplicaProgress } from './replica-progress.ts'
import { describeError } from './start-error.ts'

/** Times in milliseconds. */
export interface ReplicaWatchOptions {
  readonly primary: ClientConfig
  readonly replica: ClientConfig
  readonly maxLagMs: number
  /** The replica does not answer: stop waiting for it. */
  onSilence(): void
  /** Told once of each reason why the replica is not used. */
  onError(error: unknown): void
}

/** Knows whether a replica may be read from. */
export interface ReplicaWatch {
  /** Whether it shows all that was committed before `time` (see performance.now), and does not lag. */
  shows(time: number): boolean
  /** It has failed: not used until it answers again. */
  doubt(): void
  state(): ReplicaState
  close(): Promise<void>
}

/** How often both are asked; more often where little lag is allowed. */
const askEveryMs = 250

/** A replica that takes longer hangs. A request may have waited for it that long. */
const patienceMs = 500

const identity = `(select system_identifier from pg_control_system()) || ' ' ||
  (select oid from pg_database where datname = current_database()) as identity`

// A commit that does not wait for the disk is ahead of what was written.
const askPrimary = `select ${identity}, (case current_setting('synchronous_commit')
  when 'off' then pg_current_wal_insert_lsn() else pg_current_wal_lsn() end - '0/0')::text as position`

const askReplica = `select ${identity},
  case when pg_is_in_recovery() then (pg_last_wal_replay_lsn() - '0/0')::text end as position`

/** Asks the primary for the end of its log, then the replica how far it has replayed it, on connections of its own. */
export function watchReplica(options: ReplicaWatchOptions): ReplicaWatch {
  const { maxLagMs, onSilence, onError } = options
  const progress = createReplicaProgress()
  const primary = createAsker(options.primary)
  const replica = createAsker(options.replica)
  let told: string | undefined
  let isClosed = false

  async function look(): Promise<void> {
    const time = performance.now()
    // Those who need the primary report that it is away.
    const ours = await primary.ask(askPrimary).catch(() => undefined)
    if (ours?.position != null) progress.sample(time, Number(ours.position))
    const theirs = await replica.ask(askReplica).catch(error => {
      if (!isClosed) onSilence()
      throw new Error(`the replica cannot be used: ${describeError(error)}`)
    })
    if (theirs.position === null) throw new Error('the replica is not in recovery: it is not used')
    if (ours === undefined) return
    if (ours.identity !== theirs.identity) {
      throw new Error('the replica follows another database: it is not used')
    }
    progress.replayed(Number(theirs.position))
    told = undefined
  }

  function fail(error: unknown): void {
    progress.forget()
    if (isClosed) return
    const fault = describeError(error)
    if (fault !== told) onError(error)
    told = fault
  }

  function lag(): number {
    return performance.now() - progress.provenUpTo
  }

  const looking = repeat(Math.min(askEveryMs, maxLagMs / 4), look, fail)
  const first = look().catch(fail)
  return {
    shows: time => time < progress.provenUpTo && lag() < maxLagMs,
    doubt: progress.forget,
    state: () => ({ isUsed: lag() < maxLagMs, lagMs: lag() }),
    async close() {
      isClosed = true
      await Promise.all([primary.close(), replica.close()])
      await Promise.all([looking.stop(), first])
    },
  }
}

interface Answer {
  readonly identity: string
  readonly position: string | null
}

/** One connection, opened again after each failure. */
function createAsker(connection: ClientConfig) {
  let client: Client | undefined
  let isClosed = false

  async function open(): Promise<Client> {
    const opened = new Client({ ...connection, connectionTimeoutMillis: patienceMs })
    opened.on('error', () => undefined)
    client = opened
    await opened.connect()
    return opened
  }

  // Ends what is under way as well.
  async function drop(): Promise<void> {
    const dropped = client
    client = undefined
    await dropped?.end().catch(() => undefined)
  }

  return {
    async ask(sql: string): Promise<Answer> {
      if (isClosed) throw new Error('closed')
      try {
        const { rows } = await inTime((client ?? (await open())).query<Answer>(sql))
        const [answer] = rows
        if (answer === undefined) throw new Error('no answer')
        return answer
      } catch (error) {
        void drop()
        throw error
      }
    },
    async close(): Promise<void> {
      isClosed = true
      await drop()
    },
  }
}

async function inTime<T extends object>(work: Promise<T>): Promise<T> {
  // When this process was busy, the answer may be there unread.
  const answer = (await within(patienceMs, work)) ?? (await within(50, work))
  if (answer === undefined) throw new Error(`no answer within ${patienceMs} ms`)
  return answer
}

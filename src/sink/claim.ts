import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { DefinitionStore } from '../definition/store.ts'
import type { StoredSink } from './sink.ts'

/** What a server sees of one sink. */
export interface SeenSink {
  readonly id: number
  readonly isRunning: boolean
  /** This server works on it, or is about to. */
  readonly isMine: boolean
  /** No live server works on it. */
  readonly isFree: boolean
}

/** A sink claimed by this server, and the wait before its next attempt. */
export interface TakenSink {
  readonly sink: StoredSink
  readonly waitMs: number
}

const alive = 'select from server_lease l where l.id = s.owner and l.lease_until > now()'

const see = rawStatement(
  `select s.id, s.state = 'running', s.owner is not distinct from $1,
     s.owner is null or (s.owner <> $1 and not exists (${alive}))
   from sink s`,
)

// Two servers looking at the same time skip each other's rows; the later one finds the sink taken.
const take = rawStatement(
  `update sink set owner = $2 where id = (
     select id from sink s where id = $1 and state = 'running'
       and (s.owner is null or s.owner = $2 or not exists (${alive})) for update skip locked)
   returning name, extract(epoch from next_attempt_time - now()) * 1000`,
)

const release = rawStatement('update sink set owner = null where id = $1 and owner = $2')

export async function seeSinks({ run }: Pick<Runner, 'run'>, owner: string): Promise<readonly SeenSink[]> {
  const { rows } = await run(see, [owner])
  return rows.map(([id, isRunning, isMine, isFree]) => ({
    id: Number(id),
    isRunning: isRunning === true,
    isMine: isMine === true,
    isFree: isFree === true,
  }))
}

/** Undefined when another server was faster, or the sink is no longer running. */
export function takeSink(
  database: Database,
  store: DefinitionStore<StoredSink>,
  { id, owner }: { readonly id: number; readonly owner: string },
): Promise<TakenSink | undefined> {
  return database.transaction(async runner => {
    const { rows } = await runner.run(take, [id, owner])
    const [name, waitMs] = rows[0] ?? []
    const sink = name === undefined ? undefined : await store.find(runner, name)
    return sink && { sink, waitMs: Math.max(0, Number(waitMs ?? 0)) }
  })
}

export async function releaseSink({ run }: Pick<Runner, 'run'>, id: number, owner: string): Promise<void> {
  await run(release, [id, owner])
}

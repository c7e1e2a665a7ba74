import { v7 as uuid } from 'uuid'
import { repeat } from '../../async/repeat.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

export type ServerLease = Awaited<ReturnType<typeof takeServerLease>>

export interface ServerLeaseOptions {
  readonly database: Database
  /** How long others wait for a server that fell silent. It is renewed three times as often. */
  readonly leaseMs: number
  /** The machine that this server is; undefined while that is not known yet. */
  readonly machine?: string | undefined
  /** Called with the old id after a lease was lost and a new one taken. */
  onLost(id: string): void
  onError(error: unknown): void
}

const until = "now() + $2::float8 * interval '1 millisecond'"

const take = rawStatement(
  `insert into server_lease (id, started_time, lease_until, machine) values ($1, now(), ${until}, $3)`,
)
const call = rawStatement('update server_lease set machine = $2 where id = $1')
// A lease that has ended may have cost us our runs already: it is not renewed.
const renew = rawStatement(
  `update server_lease set lease_until = ${until} where id = $1 and lease_until > now()`,
)
const release = rawStatement('delete from server_lease where id = $1')

/**
 * Registers this server, and keeps its claim to be alive: while it holds, no other server takes its runs away. The time is
 * the database's: servers whose clocks differ agree on it.
 */
export async function takeServerLease(options: ServerLeaseOptions) {
  const { database, leaseMs, onLost, onError } = options
  let id = uuid()
  let machine = options.machine ?? null
  let closed = false
  await database.run(take, [id, leaseMs, machine])

  async function keep(): Promise<void> {
    const { affected } = await database.run(renew, [id, leaseMs])
    if (affected > 0 || closed) return
    const lost = id
    const next = uuid()
    await database.run(take, [next, leaseMs, machine])
    id = next
    onLost(lost)
  }

  const renewing = repeat(leaseMs / 3, keep, onError)

  return {
    /** Under which name runs are taken. It changes when the lease was lost: what ran under the old one is not ours any more. */
    id: () => id,
    /** From now on the server is known as this machine. */
    async name(given: string): Promise<void> {
      machine = given
      await database.run(call, [id, given])
    },
    /** Gives the lease up: what still runs under it may be taken at once. */
    async close(): Promise<void> {
      closed = true
      await renewing.stop()
      await database.run(release, [id]).catch(onError)
    },
  }
}

import { coalesce } from '../async/coalesce.ts'
import { pause } from '../async/pause.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

/** Numbers committed changes for all servers of the database; whichever holds the lock does it. */
export interface Sequencer {
  /** Resolves when no numbering is under way any more. */
  close(): Promise<void>
}

export interface SequencerOptions {
  readonly database: Database
  onError(error: unknown): void
}

/** Rows that one call moves: its transaction stays short. */
const batch = 1000

/** How long a server waits for the one that numbers at the moment before it tries itself. */
const standByMs = 30

/** While much is written, numbering waits a moment so that one call moves more. */
const gatherMs = 20

const number = rawStatement('select number_changes($1::int)')

const busy = -1

/**
 * Numbers committed records as soon as it is notified. Any number of servers may run one: the database's lock
 * admits one at a time, and a server that finds it taken waits a little, so usually the same server
 * numbers everything.
 */
export async function startSequencer({ database, onError }: SequencerOptions): Promise<Sequencer> {
  let standsBy = false
  let later: NodeJS.Timeout | undefined
  let closed = false
  const numbering = coalesce(numberSome, onError)

  async function numberSome(): Promise<void> {
    const moved = Number((await database.run(number, [batch])).rows[0]?.[0])
    // Nothing to move: the server that has been numbering continues.
    if (moved === 0) return
    standsBy = moved === busy
    if (standsBy) tryLater()
    // The rows of either kind may have been cut at the batch's size.
    else if (moved >= batch) numbering.run()
    else await pause(gatherMs)
  }

  function tryLater(): void {
    if (closed) return
    later ??= setTimeout(() => {
      later = undefined
      numbering.run()
    }, standByMs).unref()
  }

  const stopListening = await database.listen(channels.change, () =>
    standsBy ? tryLater() : numbering.run(),
  )
  // A notification may be lost, or its server may die.
  const stopAsking = database.everySecond('exists (select from pending_change)', isPending => {
    if (isPending === true) numbering.run()
  })
  numbering.run()

  return {
    async close() {
      closed = true
      clearTimeout(later)
      stopAsking()
      await stopListening()
      await numbering.stop()
    },
  }
}

import type { Clock } from '../async/clock.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'

export interface VersionWatchOptions {
  readonly database: Database
  readonly clock: Clock
  readonly pollMs: number
  /** Called whenever tokens may have changed, here or on another server. */
  onChange(): void
}

export interface VersionWatch {
  /**
   * Makes sure that the version was compared within the last two polls; undefined: it was. Rejects when the database cannot
   * say.
   */
  confirm(): Promise<void> | undefined
  close(): Promise<void>
}

/** Notices changes of tokens: at once by notification, and by comparing token_version in case one was missed. */
export async function watchTokenVersion(options: VersionWatchOptions): Promise<VersionWatch> {
  const { database, clock, pollMs, onChange } = options
  let version: string | undefined
  let confirmedAt = Number.NEGATIVE_INFINITY
  let polling: Promise<void> | undefined
  // While nobody shows a credential it need not be known twice a second that none has changed.
  let isAsked = false

  async function compare(): Promise<void> {
    const startedAt = clock()
    const row = await database.kysely.selectFrom('token_version').select('version').executeTakeFirstOrThrow()
    const found = String(row.version)
    see(found)
    confirmedAt = startedAt
  }

  function see(found: string): void {
    if (version !== found) onChange()
    version = found
  }

  /** Whoever asks first: all others wait for it, too. */
  function poll(): Promise<void> {
    polling ??= onOwnBehalf(compare).finally(() => {
      polling = undefined
    })
    return polling
  }

  await poll()
  const stopListening = await database.listen(channels.token, onChange)
  // A failed poll is tried again; until one succeeds, `confirm` tells whoever relies on it.
  const timer = setInterval(() => {
    if (isAsked) poll().catch(() => undefined)
    isAsked = false
  }, pollMs).unref()
  const stopAsking = database.everySecond('(select version from token_version)', found => see(String(found)))

  return {
    confirm() {
      isAsked = true
      return clock() - confirmedAt > 2 * pollMs ? poll() : undefined
    },
    async close() {
      clearInterval(timer)
      stopAsking()
      await stopListening()
      await polling?.catch(() => undefined)
    },
  }
}

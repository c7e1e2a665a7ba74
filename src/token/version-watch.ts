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
   * Makes sure that the version was compared within the last two polls; undefined if it was. Rejects if the
   * database cannot answer.
   */
  confirm(): Promise<void> | undefined
  close(): Promise<void>
}

/**
 * Detects changes of tokens: immediately by notification, and by polling token_version in case one was
 * missed.
 */
export async function watchTokenVersion(options: VersionWatchOptions): Promise<VersionWatch> {
  const { database, clock, pollMs, onChange } = options
  let version: string | undefined
  let confirmedAt = Number.NEGATIVE_INFINITY
  let polling: Promise<void> | undefined
  // Without callers, there is no need to poll twice a second.
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

  /** The first caller's query, which all others await, too. */
  function poll(): Promise<void> {
    polling ??= onOwnBehalf(compare).finally(() => {
      polling = undefined
    })
    return polling
  }

  await poll()
  const stopListening = await database.listen(channels.token, onChange)
  // A failed poll is retried; until one succeeds, `confirm` rejects.
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

import { onOwnBehalf } from '../behalf.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'

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

  async function compare(): Promise<void> {
    const startedAt = clock()
    const row = await database.kysely.selectFrom('token_version').select('version').executeTakeFirstOrThrow()
    const found = String(row.version)
    if (version !== found) onChange()
    version = found
    confirmedAt = startedAt
  }

  /** Whoever asks first: all others wait for it, too. */
  function poll(): Promise<void> {
    polling ??= onOwnBehalf(compare).finally(() => {
      polling = undefined
    })
    return polling
  }

  await poll()
  const stopListening = await database.listen('daybook_token', onChange)
  // A failed poll is tried again; until one succeeds, `confirm` tells whoever relies on it.
  const timer = setInterval(() => poll().catch(() => undefined), pollMs).unref()

  return {
    confirm: () => (clock() - confirmedAt > 2 * pollMs ? poll() : undefined),
    async close() {
      clearInterval(timer)
      await stopListening()
      await polling?.catch(() => undefined)
    },
  }
}

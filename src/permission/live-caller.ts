import type { Clock } from '../async/clock.ts'
import { hasCode } from '../errors.ts'
import type { Identity } from './grant.ts'

/**
 * A caller whose right may end while something waits in its name. It is made of what was presented: a token's key alone
 * knows neither that a secret was rolled nor that a JWT has expired.
 */
export interface LiveCaller {
  /** Looks the caller up. Throws RpcError 101 or 102 once the credential no longer holds. */
  now(): Promise<Identity>
  /**
   * Does `work`, and looks the caller up whenever tokens change, when its time is over, and before it answers. Throws
   * RpcError 101 or 102, and whatever `check` throws, as soon as one of these looks fails; `ended` tells `work` to stop.
   */
  during<T>(check: (caller: Identity) => void, work: (ended: AbortSignal) => Promise<T> | T): Promise<T>
}

/** Looks the caller up. Throws RpcError 101 or 102 when the credential no longer holds. */
export type Ask = () => Promise<Identity>

/** Makes a caller of what asks for it. */
export type Follow = (ask: Ask) => LiveCaller

export interface FollowOptions {
  /** Has `listener` told whenever tokens may have changed; answers what ends that. */
  onChange(listener: () => void): () => void
  readonly clock: Clock
}

/** The longest that setTimeout can wait. */
const longestMs = 2 ** 31 - 1

/** How soon the caller is looked up again when the database could not say. */
const retryMs = 1000

export function createFollow(options: FollowOptions): Follow {
  return ask => ({
    now: ask,
    async during(check, work) {
      const look = async (): Promise<Identity> => {
        const caller = await ask()
        check(caller)
        return caller
      }
      const ended = new AbortController()
      const watch = watchRight(look, options)
      try {
        const done = await Promise.race([work(ended.signal), watch.ended])
        await look()
        return done
      } finally {
        watch.stop()
        ended.abort()
      }
    },
  })
}

/** For callers whose end nobody announces: they are looked up before the answer alone. */
export const followUnwatched: Follow = createFollow({
  onChange: () => () => undefined,
  clock: () => Number.NEGATIVE_INFINITY,
})

interface Watch {
  /** Never resolves; rejects once a look was refused. */
  readonly ended: Promise<never>
  stop(): void
}

function watchRight(look: Ask, { onChange, clock }: FollowOptions): Watch {
  const { promise, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  let looking = false
  let isAsked = false
  let isOver = false

  async function lookAgain(): Promise<void> {
    isAsked = true
    if (looking) return
    looking = true
    while (isAsked && !isOver) {
      isAsked = false
      clearTimeout(timer)
      timer = lookIn(await look().then(({ validTo }) => msUntil(validTo), nextLook))
    }
    looking = false
  }

  function nextLook(error: unknown): number {
    if (!isRefusal(error)) return retryMs
    reject(error)
    return Number.POSITIVE_INFINITY
  }

  function lookIn(ms: number): NodeJS.Timeout | undefined {
    return isOver || ms === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(lookAgain, Math.min(ms, longestMs))
  }

  // `validTo` is the last moment at which the credential holds.
  const msUntil = (validTo = Number.POSITIVE_INFINITY): number => Math.max(0, validTo - clock()) + 1

  // Nobody may be waiting for it any more.
  promise.catch(() => undefined)
  const forget = onChange(() => void lookAgain())
  void lookAgain()
  return {
    ended: promise,
    stop() {
      isOver = true
      clearTimeout(timer)
      forget()
    },
  }
}

/** Whether an error says that a caller may not, rather than that it could not be found out. */
export function isRefusal(error: unknown): boolean {
  return hasCode(error, 'permission_denied', 'malformed_credential')
}

import { createTally } from '../fairness/tally.ts'

/** What clients have sent of bodies that have not arrived whole: it stays in our memory until they have. */
export interface UnfinishedBodies {
  /** Begins one. */
  begin(options: UnfinishedOptions): Unfinished
  /** Bytes that all of them hold. */
  readonly bytes: number
  close(): void
}

/** Why a body is aborted. `stalled`: it makes no progress. `over_budget`: too much memory is held. */
export type GivenUp = 'stalled' | 'over_budget'

export interface UnfinishedOptions {
  /** Whose share of the budget it takes. */
  readonly share: string
  /** Called once, and never after `finish`. */
  readonly giveUp: (reason: GivenUp) => void
  /** Whether it is we who do not read on; absent: we always do. */
  readonly isPaused?: () => boolean
}

export interface Unfinished {
  /** It holds so many bytes now, of so many that were received in all. */
  hold(bytes: number, received: number): void
  finish(): void
}

export interface UnfinishedLimits {
  /** Bytes that all bodies may hold; a share has a quarter of it, and room for at least two bodies. */
  readonly maxUnfinishedBytes: number
  readonly maxBodyBytes: number
}

/** A body that brings less than this within this time is given up. */
const leastBytes = 1024
const stallMs = 10_000
const lookMs = 1000

interface Body extends UnfinishedOptions {
  held: number
  received: number
  /** When it last brought something. */
  progressAt: number
  /** What had been received when it was last seen to get on, and when that was. */
  readonly mark: { received: number; at: number }
}

/** Bounds the memory held in all and per share, and aborts stalled bodies. */
export function createUnfinishedBodies({
  maxUnfinishedBytes,
  maxBodyBytes,
}: UnfinishedLimits): UnfinishedBodies {
  const budget = Math.max(maxUnfinishedBytes, 2 * maxBodyBytes)
  const shareBudget = Math.max(budget / 4, 2 * maxBodyBytes)
  const bodies = new Set<Body>()
  const heldBy = createTally<string>()
  let total = 0

  function setHeld(body: Body, bytes: number): void {
    const added = bytes - body.held
    if (added === 0) return
    body.held = bytes
    total += added
    heldBy.add(body.share, added)
  }

  function remove(body: Body): boolean {
    if (!bodies.delete(body)) return false
    setHeld(body, 0)
    return true
  }

  function giveUp(body: Body, reason: GivenUp): void {
    if (remove(body)) body.giveUp(reason)
  }

  function keepWithin(share: string): void {
    while (heldBy.of(share) > shareBudget) giveUpOneOf(share)
    while (total > budget) giveUpOneOf(heldBy.largest() ?? share)
  }

  /** The one that has brought nothing for longest: whoever sends on loses nothing to those who only hold. */
  function giveUpOneOf(share: string): void {
    let victim: Body | undefined
    for (const body of bodies) {
      if (body.share !== share || body.held === 0) continue
      if (victim === undefined || body.progressAt < victim.progressAt) victim = body
    }
    if (victim !== undefined) giveUp(victim, 'over_budget')
  }

  const timer = setInterval(() => {
    const now = performance.now()
    for (const body of bodies) {
      const { mark, received, isPaused } = body
      if (received - mark.received >= leastBytes || isPaused?.()) {
        mark.received = received
        mark.at = now
      } else if (now - mark.at >= stallMs) giveUp(body, 'stalled')
    }
  }, lookMs).unref()

  return {
    get bytes() {
      return total
    },
    begin(options) {
      const now = performance.now()
      const body: Body = { ...options, held: 0, received: 0, progressAt: now, mark: { received: 0, at: now } }
      bodies.add(body)
      return {
        hold(bytes, received) {
          if (!bodies.has(body)) return
          if (received > body.received) body.progressAt = performance.now()
          body.received = received
          setHeld(body, bytes)
          keepWithin(body.share)
        },
        finish: () => void remove(body),
      }
    },
    close: () => clearInterval(timer),
  }
}

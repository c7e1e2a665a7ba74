import { goesOn, type Place, type RunQueue } from './run-queue.ts'
import type { Shares } from './share.ts'

export type Turn = ReturnType<typeof takeTurn>

/** What waits for a turn; what has not begun yet can be refused. */
export interface Entry<Refusal> {
  readonly begin: () => void
  readonly refuse?: (outcome: Refusal) => void
}

export interface TurnOptions<Refusal> {
  readonly place: Place
  /** The turns that there are. */
  readonly turns: Shares
  /** Where it waits for another one. */
  readonly queue: RunQueue<Entry<Refusal>>
  /** Called when something may have become possible. */
  readonly dispatch: () => void
}

/** Takes a turn: the right of a run to compute, which it holds from its beginning. */
export function takeTurn<Refusal>({ place: begun, turns, queue, dispatch }: TurnOptions<Refusal>) {
  const place = { ...begun, rank: goesOn }
  let state: 'held' | 'given' | 'wanted' | 'over'
  let entry: Entry<Refusal> | undefined
  take()

  function take(): void {
    turns.take(place)
    state = 'held'
  }

  /** Gives it back; nothing when it is not held. */
  function give(): void {
    if (state !== 'held') return
    state = 'given'
    turns.give(place)
    dispatch()
  }

  /**
   * Asks for it again, unless it is held or asked for. `go` is told how long that took, in milliseconds: 0 when it was
   * free, and then `onAsk` is not called.
   */
  function want(onAsk: () => void, go: (heldMs: number) => void): void {
    if (state !== 'given') return
    if (queue.size === 0 && turns.has(place)) {
      take()
      go(0)
      return
    }
    state = 'wanted'
    onAsk()
    const askedAt = performance.now()
    entry = {
      begin() {
        take()
        // Never 0: its clock was stopped.
        go(Math.max(performance.now() - askedAt, Number.EPSILON))
      },
    }
    queue.push(place, entry)
    dispatch()
  }

  /** Gives it back for good. */
  function end(): void {
    if (state === 'held') turns.give(place)
    if (state === 'wanted' && entry !== undefined) queue.remove(place, entry)
    state = 'over'
  }

  return { give, want, end }
}

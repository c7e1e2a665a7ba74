import type { FromThread } from './message.ts'
import { type HostCallName, maxHostCalls } from './script.ts'

/** JSON text of arguments that calls of the host may hold while they wait for their answers. */
const maxArgumentBytes = 1024 * 1024

/** Timers a script may have waiting at once. */
const maxTimers = 1000

const longestDelay = 2 ** 31 - 1

/** The timers of one run; `fire` is called with the id of each that is due. */
export function createTimers(fire: (id: number) => void) {
  const timers = new Map<number, NodeJS.Timeout>()

  /** Throws RangeError when too many wait already. */
  function set(id: number, delayMs: number): void {
    if (timers.size >= maxTimers) throw new RangeError(`more than ${maxTimers} timers at once`)
    const delay = Number.isNaN(delayMs) ? 0 : Math.min(Math.max(delayMs, 0), longestDelay)
    const due = () => {
      timers.delete(id)
      fire(id)
    }
    timers.set(id, setTimeout(due, delay))
  }

  function clear(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }

  function clearAll(): void {
    for (const id of timers.keys()) clear(id)
  }

  return { set, clear, clearAll, isEmpty: () => timers.size === 0 }
}

/** The calls of the host that a run waits for. */
export function createPendingCalls(send: (message: FromThread) => void) {
  /** Bytes of the arguments of each. */
  const pending = new Map<number, number>()
  let pendingBytes = 0

  /** Throws RangeError when they are too many, or too large. */
  function ask(id: number, name: string, args: string): void {
    if (args === '') throw new RangeError('there is no heap left for the arguments')
    if (pending.size >= maxHostCalls) throw new RangeError(`more than ${maxHostCalls} calls at once`)
    const bytes = Buffer.byteLength(args)
    if (pendingBytes + bytes > maxArgumentBytes) throw new RangeError('the arguments are too large')
    pendingBytes += bytes
    pending.set(id, bytes)
    send({ kind: 'host', id, name: name as HostCallName, args })
  }

  function abort(id: number): void {
    if (pending.has(id)) send({ kind: 'abort', id })
  }

  /** False for a call that no longer waits for its answer. */
  function settle(id: number): boolean {
    pendingBytes -= pending.get(id) ?? 0
    return pending.delete(id)
  }

  return { ask, abort, settle, ids: () => [...pending.keys()], isEmpty: () => pending.size === 0 }
}

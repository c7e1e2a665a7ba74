import { storableText } from '../json.ts'
import type { ConsoleLine } from './message.ts'

/** UTF-8 bytes of console output one run may have, eight more counted for each line. */
export const maxOutputBytes = 64 * 1024

const lineCost = 8
const batchBytes = 16 * 1024
const batchMs = 50

/** Collects a run's console lines, because a message for each would keep the main thread from its work. */
export interface ConsoleBuffer {
  /** False when the run has printed more than it may; the line is not kept then. */
  readonly add: (line: ConsoleLine) => boolean
  readonly flush: () => void
}

export function createConsoleBuffer(send: (lines: readonly ConsoleLine[]) => void): ConsoleBuffer {
  let lines: ConsoleLine[] = []
  let total = 0
  let waiting = 0
  let sentAt = performance.now()
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    sentAt = performance.now()
    if (lines.length === 0) return
    send(lines)
    lines = []
    waiting = 0
  }

  function add({ level, text }: ConsoleLine): boolean {
    const bytes = Buffer.byteLength(text) + lineCost
    total += bytes
    if (total > maxOutputBytes) return false
    lines.push({ level, text: storableText(text) })
    waiting += bytes
    timer ??= setTimeout(flush, batchMs)
    // A script that never pauses keeps the timer from firing.
    if (waiting > batchBytes || performance.now() - sentAt > batchMs) flush()
    return true
  }

  return { add, flush }
}

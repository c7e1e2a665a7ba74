import { storableText } from '../json.ts'
import type { ConsoleLine } from './message.ts'

/** UTF-8 bytes that one run may print; each line counts eight more. */
export const maxOutputBytes = 64 * 1024

const lineCost = 8
const batchBytes = 16 * 1024
const batchMs = 50

/** Collects a run's console lines, because a message for each would keep the main thread from its work. */
export function createConsoleBuffer(send: (lines: readonly ConsoleLine[]) => void) {
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

  /** False when the run has printed more than it may; the line is not kept then. */
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

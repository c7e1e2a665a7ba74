import type { Surroundings } from '../argument/surroundings.ts'
import type { Output } from './output.ts'

/** The progress of a long command on stderr: often on a terminal, every few seconds elsewhere. */
export interface Progress {
  /** `rows`: how many so far. */
  show(rows: number): Promise<void>
  /** Must come before anything else is written. */
  end(): Promise<void>
}

const onTerminalMs = 200
const elsewhereMs = 5000

export function createProgress(output: Output, { stderr }: Surroundings): Progress {
  const everyMs = stderr.isTTY === true ? onTerminalMs : elsewhereMs
  const startedAt = performance.now()
  let shownAt = startedAt
  let isShown = false
  return {
    async show(rows) {
      const now = performance.now()
      if (now - shownAt < everyMs) return
      shownAt = now
      isShown = true
      const rate = Math.round((rows / (now - startedAt)) * 1000)
      await output.progress(`${rows} rows, ${rate} rows/s`)
    },
    async end() {
      if (isShown) await output.endProgress()
      isShown = false
    },
  }
}

import { cpuOfFamily, cpuOfProcess } from './cpu.ts'
import type { CpuTime, Measurement } from './job.ts'

/** Gathers what happens between `start` and `stop`. */
export interface Meter {
  start(): void
  /** One request or batch has ended; `milliseconds`: how long it took. Ignored while the meter does not run. */
  record(milliseconds: number): void
  stop(): void
  read(): Pick<Measurement, 'count' | 'seconds' | 'p50' | 'p99' | 'cpu'>
}

export interface Watched {
  readonly serverPid?: number
  readonly postgresPid: number
}

export function createMeter(watched: Watched): Meter {
  const durations: number[] = []
  let isRunning = false
  let startedAt = 0
  let lastAt = 0
  let before = readCpu(watched)
  let after = before

  return {
    start() {
      before = readCpu(watched)
      startedAt = performance.now()
      isRunning = true
    },
    record(milliseconds) {
      if (!isRunning) return
      durations.push(milliseconds)
      lastAt = performance.now()
    },
    stop() {
      isRunning = false
      after = readCpu(watched)
    },
    read() {
      if (durations.length === 0) throw new Error('nothing was answered while it was measured')
      const sorted = durations.toSorted((a, b) => a - b)
      return {
        count: sorted.length,
        // Up to the last answer: waiting for a stop that comes later is no work.
        seconds: (lastAt - startedAt) / 1000,
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        cpu: differenceOf(before, after),
      }
    },
  }
}

function readCpu({ serverPid, postgresPid }: Watched): CpuTime {
  return {
    server: serverPid === undefined ? undefined : cpuOfProcess(serverPid),
    postgres: cpuOfFamily(postgresPid),
    load: cpuOfProcess(process.pid),
  }
}

function differenceOf(before: CpuTime, after: CpuTime): CpuTime {
  return {
    server:
      after.server === undefined || before.server === undefined ? undefined : after.server - before.server,
    postgres: after.postgres - before.postgres,
    load: after.load - before.load,
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

import { LRUCache } from 'lru-cache'
import { repeat } from '../async/repeat.ts'
import type { Runner } from '../database/database.ts'
import { disconnectServer, reportMachine, reportMs, sweepMachines } from './machine.ts'

export interface MachineReportsOptions {
  readonly database: Pick<Runner, 'run'>
  readonly onError: (error: unknown) => void
}

/** Workers that are remembered as reported. */
const maxWorkers = 10_000

/** Tells of remote workers that they run, each at most once in `reportMs`. A fault goes to `onError`, never to the worker. */
export interface WorkerReports {
  report(name: string): Promise<void>
  /** Reports while `work` goes on as well. */
  during<T>(name: string, work: () => Promise<T>): Promise<T>
}

export function createWorkerReports({ database, onError }: MachineReportsOptions): WorkerReports {
  const reported = new LRUCache<string, true>({ max: maxWorkers, ttl: reportMs })

  async function report(name: string): Promise<void> {
    if (reported.has(name)) return
    reported.set(name, true)
    // Its name is all that a worker says of itself.
    const machine = { name, kind: 'remote', hostName: name } as const
    await reportMachine(database, machine).catch(error => {
      reported.delete(name)
      onError(error)
    })
  }

  return {
    report,
    async during(name, work) {
      await report(name)
      const reporting = repeat(reportMs, () => report(name), onError)
      try {
        return await work()
      } finally {
        await reporting.stop()
      }
    },
  }
}

export interface ServerReportsOptions extends MachineReportsOptions {
  readonly name: string
  readonly hostName: string
  /** For tests. */
  readonly everyMs?: number
}

/** Tells of this server that it runs, and looks which machines no longer do. */
export interface ServerReports {
  /** To be called when its lease is given up: it says goodbye. */
  close(): Promise<void>
}

export async function startServerReports(options: ServerReportsOptions): Promise<ServerReports> {
  const { database, name, hostName, onError, everyMs = reportMs } = options
  const machine = { name, kind: 'server', hostName } as const
  // It serves all the same, and reports again.
  await reportMachine(database, machine).catch(onError)
  const repeated = [
    repeat(everyMs, () => reportMachine(database, machine), onError),
    repeat(everyMs, () => sweepMachines(database), onError),
  ]
  return {
    async close() {
      await Promise.all(repeated.map(each => each.stop()))
      await disconnectServer(database, name).catch(onError)
    },
  }
}

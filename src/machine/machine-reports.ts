import { LRUCache } from 'lru-cache'
import { repeat } from '../async/repeat.ts'
import type { Runner } from '../database/database.ts'
import { disconnectServer, reportMachine, reportMs, sweepMachines } from './machine.ts'

export interface MachineReportsOptions {
  readonly database: Pick<Runner, 'run'>
  readonly onError: (error: unknown) => void
}

/** Workers remembered as reported. */
const maxWorkers = 10_000

/**
 * Reports that remote workers are alive, each at most once per `reportMs`. Errors go to `onError`, never to
 * the worker.
 */
export interface WorkerReports {
  report(name: string): Promise<void>
  /** Also reports while `work` is running. */
  during<T>(name: string, work: () => Promise<T>): Promise<T>
}

export function createWorkerReports({ database, onError }: MachineReportsOptions): WorkerReports {
  const reported = new LRUCache<string, true>({ max: maxWorkers, ttl: reportMs })

  async function report(name: string): Promise<void> {
    if (reported.has(name)) return
    reported.set(name, true)
    // A worker reports only its name.
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

/** Reports that this server is alive, and finds machines that have stopped reporting. */
export interface ServerReports {
  /** Call when the server gives up its lease: reports it as ended. */
  close(): Promise<void>
}

export async function startServerReports(options: ServerReportsOptions): Promise<ServerReports> {
  const { database, name, hostName, onError, everyMs = reportMs } = options
  const machine = { name, kind: 'server', hostName } as const
  // The server keeps serving and reports again later.
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

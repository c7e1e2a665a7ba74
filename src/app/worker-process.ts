import cluster from 'node:cluster'
import { within } from '../async/within.ts'
import type { KeeperMessage, Served, WorkerMessage } from './worker-link.ts'

/** A worker as seen by its supervisor. */
export interface WorkerProcess {
  /** Its number among the workers. */
  readonly number: number
  /** Rejects when it ends before it serves. */
  readonly served: Promise<Served>
  readonly ended: Promise<void>
  isServing(): boolean
  /** How it has ended: an exit code, or the signal that killed it. */
  ending(): { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  tell(message: KeeperMessage): void
  onMessage(take: (message: WorkerMessage) => void): () => void
  signal(name: NodeJS.Signals): void
  /** Waits for its end, and kills it on timeout. */
  end(withinMs: number): Promise<void>
}

/** Starts the command of this process once more, with `args` and the worker's number. */
export function startWorker(args: readonly string[], number: number): WorkerProcess {
  // Structured clones: JSON has no infinity, which metrics may be.
  cluster.setupPrimary({ args: [...args, '--worker', String(number)], serialization: 'advanced' })
  const worker = cluster.fork()
  const { promise: served, resolve, reject } = Promise.withResolvers<Served>()
  let isServing = false
  const ended = new Promise(resolve => worker.once('exit', resolve)).then(() => {
    isServing = false
    const { exitCode, signalCode } = worker.process
    reject(new Error(`worker ${number} ended with ${exitCode ?? signalCode} before it served`))
  })
  // It may fail without anyone awaiting it.
  served.catch(() => undefined)
  worker.on('message', (message: WorkerMessage) => {
    if (message.type !== 'served') return
    isServing = true
    resolve(message)
  })
  worker.on('error', () => undefined)
  return {
    number,
    served,
    ended,
    isServing: () => isServing,
    ending: () => ({ code: worker.process.exitCode, signal: worker.process.signalCode }),
    tell(message) {
      // A worker that has ended receives nothing.
      if (worker.isConnected()) worker.send(message, () => undefined)
    },
    onMessage(take) {
      worker.on('message', take)
      return () => worker.off('message', take)
    },
    signal: name => void worker.process.kill(name),
    async end(withinMs) {
      await within(withinMs, ended)
      worker.process.kill('SIGKILL')
      await ended
    },
  }
}

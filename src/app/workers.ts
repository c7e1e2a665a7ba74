import { backoffMs } from '../async/backoff.ts'
import { pause } from '../async/pause.ts'
import { within } from '../async/within.ts'
import type { Logger } from '../logger.ts'
import type { Served } from './worker-link.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

export interface WorkersOptions {
  readonly count: number
  /** The arguments of the command that starts one, without its number. */
  readonly args: readonly string[]
  /** How long a worker may take to end, in milliseconds. */
  readonly endMs: number
  readonly logger: Logger
}

/** The processes that serve one port, each a separate server to the database; one that exits is restarted. */
export interface Workers {
  /**
   * Starts the first alone, because it migrates the database and creates the super token, then the rest. Once
   * all serve, resolves to the first one's report, or undefined if closed in the meantime. Throws Error if
   * the first fails to serve.
   */
  start(): Promise<Served | undefined>
  /** Replaces them one by one: the new one serves before the old one drains and ends. */
  restart(): Promise<void>
  /** Ends all of them as SIGTERM ends a server. */
  close(): Promise<void>
}

/** The wait before a restart; longer each time a worker ends soon. */
const delays = { firstMs: 100, longestMs: 30_000 }
const soonMs = 10_000

/** How long to wait for other workers' metrics: one that hangs must not hide the rest. */
const gatherMs = 2000

export function createWorkers({ count, args, endMs, logger }: WorkersOptions): Workers {
  const places = new Map<number, WorkerProcess>()
  const alive = new Set<WorkerProcess>()
  let isClosing = false
  let restarting: Promise<void> | undefined

  function startOne(number: number): WorkerProcess {
    const worker = startWorker(args, number)
    alive.add(worker)
    worker.ended.then(() => alive.delete(worker))
    worker.onMessage(message => {
      if (message.type !== 'ask') return
      const others = [...alive].filter(each => each !== worker && each.isServing())
      void gather(others).then(readings => worker.tell({ type: 'gathered', id: message.id, readings }))
    })
    return worker
  }

  /** Starts the worker of a number, and restarts it when it ends by itself. */
  async function keep(worker: WorkerProcess, failures = 0): Promise<void> {
    const { number } = worker
    const began = performance.now()
    const isMissed = (): boolean => !isClosing && places.get(number) === worker
    places.set(number, worker)
    await worker.ended
    if (!isMissed()) return
    const failed = performance.now() - began < soonMs ? failures + 1 : 1
    const delayMs = backoffMs(failed, delays)
    logger.error({ worker: number, ...worker.ending(), delayMs }, 'a worker has ended and is started again')
    await pause(delayMs)
    if (isMissed()) void keep(startOne(number), failed)
  }

  async function replace(number: number): Promise<void> {
    const next = startOne(number)
    await next.served
    const last = places.get(number)
    void keep(next)
    last?.tell({ type: 'retire' })
    await last?.end(endMs)
    logger.info({ worker: number }, 'a worker was replaced')
  }

  async function replaceAll(): Promise<void> {
    for (let number = 1; number <= count && !isClosing; number++) await replace(number)
  }

  return {
    async start() {
      const first = startOne(1)
      const served = await first.served.catch(error => {
        if (!isClosing) throw error
        return undefined
      })
      if (isClosing) return undefined
      void keep(first)
      for (let number = 2; number <= count; number++) void keep(startOne(number))
      await Promise.allSettled([...alive].map(each => each.served))
      return isClosing ? undefined : served
    },
    restart() {
      restarting = (restarting ?? Promise.resolve()).catch(() => undefined).then(replaceAll)
      return restarting
    },
    async close() {
      isClosing = true
      for (const worker of alive) worker.signal('SIGTERM')
      await Promise.all([...alive].map(worker => worker.end(endMs)))
    },
  }
}

let lastGathering = 0

/** These workers' metrics. */
async function gather(workers: readonly WorkerProcess[]): Promise<readonly unknown[]> {
  const id = ++lastGathering
  const readings: unknown[] = []
  const telling = workers.map(async worker => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const stop = worker.onMessage(message => {
      if (message.type === 'told' && message.id === id) resolve(message.readings)
    })
    worker.tell({ type: 'tell', id })
    await within(
      gatherMs,
      Promise.race([promise, worker.ended]).then(reading => reading && readings.push(reading)),
    )
    stop()
  })
  await Promise.all(telling)
  return readings
}

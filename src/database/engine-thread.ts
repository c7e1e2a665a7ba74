import { Worker } from 'node:worker_threads'
import { within } from '../async/within.ts'
import { compileOnce, withBaseline } from './pglite-module.ts'
import type { FromThread, ThreadData, ToThread } from './pglite-thread.ts'
import { ThreadStream } from './thread-stream.ts'

/** Why a thread is gone: a statement took too long, or the engine broke (`text` is for the operator). */
export type Loss = { readonly kind: 'late' } | { readonly kind: 'crashed'; readonly text: string }

/** PGlite in a worker thread of its own, so that no statement blocks the rest of the process. */
export interface EngineThread {
  /** A connection for pg that replaces the last one. After `onLost` it ends with an error. */
  connect(): ThreadStream
  /** A statement that takes longer (milliseconds) ends the thread from now on; undefined: no limit. */
  setLimit(ms: number | undefined): void
  /** Writes all to disk and ends the thread. */
  close(): Promise<void>
}

export interface EngineThreadOptions extends Pick<ThreadData, 'dataDir' | 'snapshot'> {
  /** Called once, when the thread ends without `close`. Returns the error that its connection ends with. */
  onLost(loss: Loss): Error
}

/** How long the last checkpoint may take; what it does not write is in the write-ahead log. */
const longestCloseMs = 30_000

// From sources it is the .ts beside this file, from dist the .js.
const threadFile = new URL(
  `./pglite-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)

/** Throws Error, in words for the operator, when the engine cannot be opened. */
export async function startEngineThread(options: EngineThreadOptions): Promise<EngineThread> {
  const { dataDir, snapshot, onLost } = options
  const worker = await withBaseline(async () =>
    opened(startWorker({ dataDir, snapshot, module: await compileOnce() })),
  )
  const watch = createWatch(() => lose({ kind: 'late' }))
  let stream: ThreadStream | undefined
  let isOver = false

  async function lose(loss: Loss): Promise<void> {
    if (isOver) return
    isOver = true
    watch.stop()
    // Its files are as after a kill: what was acknowledged is in the write-ahead log.
    await worker.terminate()
    stream?.destroy(onLost(loss))
  }

  worker.on('message', (message: FromThread) => {
    if (message instanceof Uint8Array) {
      watch.answered()
      stream?.receive(message)
    } else if (message.kind === 'crashed') lose(message)
  })
  worker.on('error', error => lose({ kind: 'crashed', text: String(error) }))
  worker.on('exit', () => lose({ kind: 'crashed', text: 'its thread ended' }))

  return {
    connect() {
      stream = new ThreadStream(requests => {
        watch.sent(requests.length)
        worker.postMessage(requests satisfies ToThread)
      })
      return stream
    },
    setLimit: watch.setLimit,
    async close() {
      if (isOver) return
      isOver = true
      watch.stop()
      const ended = new Promise(resolve => worker.once('exit', resolve))
      worker.postMessage('close' satisfies ToThread)
      await within(longestCloseMs, ended)
      await worker.terminate()
    },
  }
}

function startWorker(data: ThreadData): Worker {
  return new Worker(threadFile, {
    name: 'database',
    workerData: data,
    transferList: data.snapshot === undefined ? [] : [data.snapshot],
    execArgv: [],
    // The thread's stack must be larger than PostgreSQL's own limit, or deep JSON breaks the engine.
    resourceLimits: { stackSizeMb: 64 },
  })
}

function opened(worker: Worker): Promise<Worker> {
  const { promise, resolve, reject } = Promise.withResolvers<Worker>()
  const fail = (text: string): void => {
    reject(new Error(text))
    worker.terminate()
  }
  worker.once('message', (message: FromThread) => {
    if (message instanceof Uint8Array || message.kind === 'ready') resolve(worker)
    else fail(message.text)
  })
  worker.once('error', error => fail(String(error)))
  worker.once('exit', () => fail('its thread ended'))
  return promise
}

/** Requests are answered one by one, in order: the time of each begins with the answer to the one before. */
function createWatch(onLate: () => void) {
  let limit: number | undefined
  let unanswered = 0
  let answers = 0
  let timer: NodeJS.Timeout | undefined

  function start(): void {
    clearTimeout(timer)
    if (limit === undefined) return
    const before = answers
    const isLate = (): boolean => unanswered > 0 && answers === before
    // The answer may be there already, unread by a busy main thread: one more turn of its loop reads it.
    timer = setTimeout(() => setImmediate(() => isLate() && onLate()), limit)
  }

  return {
    sent(requests: number): void {
      if (unanswered === 0) start()
      unanswered += requests
    },
    answered(): void {
      answers++
      unanswered--
      if (unanswered > 0) start()
      else clearTimeout(timer)
    },
    setLimit(ms: number | undefined): void {
      limit = ms
    },
    stop: () => clearTimeout(timer),
  }
}

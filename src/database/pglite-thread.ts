import { parentPort, workerData } from 'node:worker_threads'
import type { PGlite } from '@electric-sql/pglite'
import { startEngine } from './pglite-engine.ts'
import { describeError } from './start-error.ts'

// The file the engine's worker thread starts with: PGlite, spoken to in the bytes of PostgreSQL's protocol.

export interface ThreadData {
  readonly dataDir: string | undefined
  /** What PGlite's `dumpDataDir` made. */
  readonly snapshot: ArrayBuffer | undefined
  readonly module: WebAssembly.Module
}

/** What comes in the same turn; each element asks for one answer. Or the word to close. */
export type ToThread = readonly Uint8Array[] | 'close'

/** The answer to one element, or what became of the engine. */
export type FromThread =
  | Uint8Array
  | { readonly kind: 'ready' }
  /** `text` is for the operator. */
  | { readonly kind: 'unready'; readonly text: string }
  | { readonly kind: 'crashed'; readonly text: string }

const { dataDir, snapshot, module } = workerData as ThreadData
/** How PostgreSQL ends a statement that failed: it jumps back into its main loop. */
const jumpedBack = 100
/** Why PostgreSQL has ended, in its words. */
const said: string[] = []

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

/** PGlite swallows a crash, after which its memory is in disorder and the next statement may never end. */
function crash(error: unknown): never {
  send({ kind: 'crashed', text: [...said, describeError(error)].join('; ') })
  process.exit(1)
}

async function open(): Promise<PGlite> {
  const pglite = await startEngine({
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(snapshot === undefined ? {} : { loadDataDir: new Blob([snapshot]) }),
    pgliteWasmModule: module,
    onStderr(text: string) {
      if (/ (?:FATAL|PANIC): /.test(text)) said.push(text)
      return false
    },
  })
  const loop = pglite.Module._PostgresMainLoopOnce
  pglite.Module._PostgresMainLoopOnce = () => {
    try {
      loop()
    } catch (error) {
      if (Object(error).status !== jumpedBack) crash(error)
      throw error
    }
  }
  return pglite
}

async function execute(pglite: PGlite, request: Uint8Array): Promise<void> {
  // PGlite gives views of the engine's memory, about 8 kB each.
  const parts: Uint8Array[] = []
  await pglite.execProtocolRawStream(request, {
    syncToFs: false,
    onRawData: view => parts.push(view.slice()),
  })
  const answer =
    parts.length === 1 && parts[0] !== undefined ? parts[0] : new Uint8Array(Buffer.concat(parts))
  parentPort?.postMessage(answer, [answer.buffer as ArrayBuffer])
}

try {
  const pglite = await open()
  parentPort?.on('message', async (message: ToThread) => {
    try {
      if (message === 'close') {
        await pglite.close()
        process.exit(0)
      }
      for (const request of message) await execute(pglite, request)
    } catch (error) {
      crash(error)
    }
  })
  send({ kind: 'ready' })
} catch (error) {
  send({ kind: 'unready', text: describeError(error) })
}

import { parentPort, workerData } from 'node:worker_threads'
import { checkHeapBytes, compileOnly } from './check.ts'
import { createEngine, type Engine } from './engine.ts'
import { createExecution, type Execution } from './execution.ts'
import type { FromThread, RunOrder, ThreadData, ToThread } from './message.ts'
import type { SyntaxFault } from './script.ts'

// The file a worker thread starts with: it takes one run or check at a time, and says when it takes the next.
const { module, cancelled } = workerData as ThreadData
/** A fresh one, made while the thread has nothing to do, for the heap of the last run. */
let spare: Engine | undefined
let execution: Execution | undefined

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function takeEngine(heapBytes: number): Promise<Engine> {
  const engine = spare
  spare = undefined
  return engine?.heapBytes === heapBytes ? engine : createEngine(module, heapBytes)
}

async function run(order: RunOrder): Promise<void> {
  const engine = await takeEngine(order.limits.maxHeapBytes)
  execution = createExecution({
    order,
    engine,
    send,
    isCancelled: () => Atomics.load(cancelled, 0) === 1,
    onFinished: ({ outcome, unheard, release }) => {
      execution = undefined
      send({ kind: 'outcome', outcome, unheard })
      becomeReady(engine, release())
    },
  })
  execution.begin()
}

async function becomeReady(used: Engine, isReusable: boolean): Promise<void> {
  spare = isReusable ? used : await createEngine(module, used.heapBytes)
  send({ kind: 'ready' })
}

async function check(source: string): Promise<void> {
  const engine = await takeEngine(checkHeapBytes)
  send({ kind: 'checked', fault: faultOf(engine, source) })
  send({ kind: 'ready' })
}

function faultOf(engine: Engine, source: string): SyntaxFault | undefined {
  try {
    return compileOnly(engine, source)
  } catch {
    return { message: 'cannot be compiled within the limits', line: 1, column: 1 }
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'run') run(message.order)
  else if (message.kind === 'check') check(message.source)
  else if (message.kind === 'answer') execution?.answer(message)
  else if (message.kind === 'go') execution?.go(message.heldMs, message.answer)
  else execution?.cancel()
})

send({ kind: 'ready' })

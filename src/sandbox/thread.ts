import { parentPort, workerData } from 'node:worker_threads'
import { compileOnly } from './check.ts'
import { createEngine } from './engine.ts'
import { createExecution, type Execution } from './execution.ts'
import type { FromThread, RunOrder, ThreadData, ToThread } from './message.ts'
import type { SyntaxFault } from './script.ts'

// The file a worker thread starts with: it takes one run or check at a time, and says when it takes the next.
const { module, cancelled } = workerData as ThreadData
let engine = await createEngine(module)
let execution: Execution | undefined

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function becomeReady(reusable: boolean): Promise<void> {
  if (!reusable) engine = await createEngine(module)
  send({ kind: 'ready' })
}

function run(order: RunOrder): void {
  execution = createExecution({
    order,
    engine,
    send,
    isCancelled: () => Atomics.load(cancelled, 0) === 1,
    onFinished: ({ outcome, release }) => {
      execution = undefined
      send({ kind: 'outcome', outcome })
      becomeReady(release())
    },
  })
  execution.begin()
}

function check(source: string): SyntaxFault | undefined {
  try {
    return compileOnly(engine, source)
  } catch {
    return { message: 'cannot be compiled within the limits', line: 1, column: 1 }
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'run') return run(message.order)
  if (message.kind === 'answer') return execution?.answer(message)
  if (message.kind === 'cancel') return execution?.cancel()
  send({ kind: 'checked', fault: check(message.source) })
  // What is compiled but not run stays in its context, so the engine goes with it.
  return becomeReady(false)
})

send({ kind: 'ready' })

import { parentPort, workerData } from 'node:worker_threads'
import { checkHeapBytes, compileOnly } from './check.ts'
import { createEngine } from './engine.ts'
import { createExecution, type Execution } from './execution.ts'
import { createGuest, type Guest } from './guest.ts'
import type { FromThread, RunOrder, ThreadData, ToThread } from './message.ts'
import type { SyntaxFault } from './script.ts'

// The file a worker thread starts with: it takes one run or check at a time, and says when it takes the next.
const { module, cancelled } = workerData as ThreadData
/** For the heap of the last run. */
let guest: Guest | undefined
let execution: Execution | undefined

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function guestFor(heapBytes: number): Promise<Guest> {
  if (guest?.engine.heapBytes !== heapBytes) guest = await makeGuest(heapBytes)
  return guest
}

async function makeGuest(heapBytes: number): Promise<Guest> {
  return createGuest(await createEngine(module, heapBytes))
}

async function run(order: RunOrder): Promise<void> {
  const { maxHeapBytes } = order.limits
  execution = createExecution({
    order,
    guest: await guestFor(maxHeapBytes),
    send,
    isCancelled: () => Atomics.load(cancelled, 0) === 1,
    onFinished: ({ outcome, unheard, isSound }) => {
      execution = undefined
      const isReady = isSound && guest?.engine.isSmall() === true
      send({ kind: 'outcome', outcome, unheard, isReady })
      if (!isReady) replaceGuest(maxHeapBytes)
    },
  })
  execution.begin()
}

async function replaceGuest(heapBytes: number): Promise<void> {
  guest = await makeGuest(heapBytes)
  send({ kind: 'ready' })
}

async function check(source: string): Promise<void> {
  // Not the one that runs have: it may grow, and it is for another heap.
  const guest = await makeGuest(checkHeapBytes)
  send({ kind: 'checked', fault: faultOf(guest, source) })
  send({ kind: 'ready' })
}

function faultOf(guest: Guest, source: string): SyntaxFault | undefined {
  try {
    return compileOnly(guest, source)
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

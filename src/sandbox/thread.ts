import { parentPort, workerData } from 'node:worker_threads'
import { createExecution, type Execution } from './execution.ts'
import { createGuest, type Guest } from './guest.ts'
import { checkMs, type FromThread, type RunOrder, type ThreadData, type ToThread } from './message.ts'
import { type SyntaxFault, scriptBounds, uncheckable } from './script.ts'
import { importFaultOf, syntaxFaultOf } from './thrown.ts'
import { createVm } from './vm.ts'

// The file a worker thread starts with: it takes one run or check at a time, and says when it takes the next.
const { module, cancelled } = workerData as ThreadData
/** For the heap of the last run. */
let guest: Guest | undefined
let execution: Execution | undefined

const checkHeapBytes = 64 * 1024 * 1024

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function makeGuest(heapBytes: number): Promise<Guest> {
  return createGuest(await createVm(module, heapBytes))
}

async function run(order: RunOrder): Promise<void> {
  const { maxHeapBytes } = order.limits
  if (guest?.vm.heapBytes !== maxHeapBytes) guest = await makeGuest(maxHeapBytes)
  execution = createExecution({
    order,
    guest,
    send,
    isCancelled: () => Atomics.load(cancelled, 0) === 1,
    onFinished: ({ outcome, unheard, isSound }) => {
      execution = undefined
      const isReady = isSound && guest?.vm.isSmall() === true
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
    return uncheckable
  }
}

/** Compiles a module without running it. Throws when QuickJS itself fails. */
function compileOnly(guest: Guest, source: string): SyntaxFault | undefined {
  const deadline = performance.now() + checkMs
  let imported: string | undefined
  const thrown = guest.begin({
    source,
    file: 'script',
    heapBytes: checkHeapBytes,
    stackBytes: scriptBounds.maxStackBytes,
    host: () => undefined,
    interrupt: () => performance.now() >= deadline,
    onImport: specifier => {
      imported ??= specifier
    },
  })
  if (imported !== undefined) return importFaultOf(source, imported)
  return thrown && syntaxFaultOf(thrown)
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'run') run(message.order)
  else if (message.kind === 'check') check(message.source)
  else if (message.kind === 'answer') execution?.answer(message)
  else if (message.kind === 'go') execution?.go(message.heldMs, message.answer)
  else execution?.cancel()
})

send({ kind: 'ready' })

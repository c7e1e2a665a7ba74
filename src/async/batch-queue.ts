import { hasCode, RpcError, retrySoon } from '../errors.ts'
import { currentBehalf, onOwnBehalf } from '../fairness/behalf.ts'

/** Writes items together; resolves to a result for each, in order, once they are committed. */
export type Write<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[]>

export interface BatchQueueOptions<Item, Answer> {
  readonly write: Write<Item, Answer>
  /** What the items are, for the error of a full queue: `appends`. */
  readonly what: string
}

interface Waiting<Item, Answer> {
  readonly items: readonly Item[]
  readonly behalf: string | undefined
  readonly resolve: (answers: readonly Answer[]) => void
  readonly reject: (error: unknown) => void
}

/** Items of one write: as many as one append may bring. */
const maxItems = 1000

/**
 * Items that may wait: beyond this, the database is too slow for the load, and more would only fill memory.
 */
const maxWaitingItems = 50_000

/** Concurrent writes while there are enough items to fill each. */
const maxInFlight = 4

/** This many items justify a second write while the first waits for its commit; fewer are gathered. */
const secondWriteItems = 8

/**
 * Writes items that arrive together in one write; each is acknowledged after its commit. During a write new
 * items gather, so the busier the server, the fewer the writes.
 */
export function createBatchQueue<Item, Answer>(
  options: BatchQueueOptions<Item, Answer>,
): Write<Item, Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let waitingItems = 0
  let inFlight = 0

  async function submit(items: readonly Item[]): Promise<readonly Answer[]> {
    if (waitingItems + items.length > maxWaitingItems) throw tooManyWaiting(options.what)
    waitingItems += items.length
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>()
    waiting.push({ items, behalf: currentBehalf(), resolve, reject })
    if (inFlight < maxInFlight && isWorthWrite(inFlight)) void drain()
    return promise
  }

  async function drain(): Promise<void> {
    inFlight++
    // Items that arrive in the same turn of the event loop go into the same write.
    await new Promise(setImmediate)
    while (waiting.length > 0 && isWorthWrite(inFlight - 1)) await write(takeBatch())
    inFlight--
  }

  /** Whether the waiting items start another write beside this many, or keep gathering. */
  function isWorthWrite(others: number): boolean {
    if (others === 0) return true
    return waitingItems >= (others === 1 ? secondWriteItems : maxItems)
  }

  function takeBatch(): readonly Waiting<Item, Answer>[] {
    let items = 0
    const end = waiting.findIndex(each => {
      items += each.items.length
      return items > maxItems
    })
    const taken = waiting.splice(0, end === -1 ? waiting.length : Math.max(end, 1))
    waitingItems -= taken.reduce((sum, each) => sum + each.items.length, 0)
    return taken
  }

  async function write(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const behalves = batch.map(each => each.behalf)
      const answers = await onOwnBehalf(() => options.write(batch.flatMap(each => each.items)), behalves)
      let next = 0
      for (const { items, resolve } of batch) {
        resolve(answers.slice(next, next + items.length))
        next += items.length
      }
    } catch (error) {
      await fail(batch, error)
    }
  }

  // One bad item fails its whole write: retried alone, the others succeed and only it fails. Any other
  // failure may have been committed nonetheless, and must not be retried.
  async function fail(batch: readonly Waiting<Item, Answer>[], error: unknown): Promise<void> {
    const [only, ...others] = batch
    if (others.length > 0 && hasCode(error, 'invalid_input')) {
      for (const each of batch) await write([each])
      return
    }
    only?.reject(error)
    for (const each of others) each.reject(error)
  }

  return submit
}

function tooManyWaiting(what: string): RpcError {
  return new RpcError('queue_full', `Too many ${what} wait for the database`, retrySoon)
}

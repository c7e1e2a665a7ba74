import { hasCode, RpcError, retrySoon } from '../errors.ts'
import { currentBehalf, onOwnBehalf } from '../fairness/behalf.ts'

/** Writes items together; resolves to an answer for each, in order, once they are committed. */
export type Write<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[]>

export interface BatchQueueOptions<Item, Answer> {
  readonly write: Write<Item, Answer>
  /** What waits, for the error of a queue that is full: `appends`. */
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

/** Items that may wait: beyond, the database is too slow for what comes in, and more would only fill the memory. */
const maxWaitingItems = 50_000

/** Writes under way at once while there are items enough to fill each. */
const maxInFlight = 4

/** So many items are worth a second write while the first waits for its commit; fewer gather. */
const secondWriteItems = 8

/**
 * Writes what arrives together at once; each is acknowledged after its commit. While writes are under way new items
 * gather, so the busier the server, the fewer the writes.
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
    // What arrives in the same turn of the event loop belongs to the same write.
    await new Promise(setImmediate)
    while (waiting.length > 0 && isWorthWrite(inFlight - 1)) await write(takeBatch())
    inFlight--
  }

  /** Whether what waits is written beside so many others, or gathers. */
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

  // One bad item fails its write whole: alone, the others succeed and only it fails. Any other failure may have
  // been committed all the same, and must not be tried again.
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

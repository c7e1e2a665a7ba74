import { errorCodes, RpcError } from '../errors.ts'
import type { BoundRow } from './row.ts'

/** Inserts rows with one statement and resolves to their ids, in order. */
export type Insert = (rows: readonly BoundRow[]) => Promise<readonly number[]>

interface Waiting {
  readonly rows: readonly BoundRow[]
  readonly resolve: (ids: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

/** Rows of one statement: as many as one append may bring. */
const maxRows = 1000

/** Rows that may wait: beyond, the database is too slow for what comes in, and more would only fill the memory. */
const maxWaitingRows = 50_000

/** Statements under way at once while there are rows enough to fill each; else one, so that rows gather. */
const maxInFlight = 4

/**
 * Writes appends that arrive together with one insert; each is acknowledged after its commit. While statements are
 * under way new appends gather, so the busier the server, the fewer the statements.
 */
export function createAppendQueue(insert: Insert): Insert {
  const waiting: Waiting[] = []
  let waitingRows = 0
  let inFlight = 0

  async function append(rows: readonly BoundRow[]): Promise<readonly number[]> {
    if (waitingRows + rows.length > maxWaitingRows) throw tooManyWaiting()
    waitingRows += rows.length
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>()
    waiting.push({ rows, resolve, reject })
    if (inFlight === 0 || (inFlight < maxInFlight && isFull())) void drain()
    return promise
  }

  async function drain(): Promise<void> {
    inFlight++
    // What arrives in the same turn of the event loop belongs to the same statement.
    await new Promise(setImmediate)
    while (waiting.length > 0 && (inFlight === 1 || isFull())) await write(takeStatement())
    inFlight--
  }

  function isFull(): boolean {
    return waitingRows >= maxRows
  }

  function takeStatement(): readonly Waiting[] {
    let rows = 0
    const end = waiting.findIndex(each => {
      rows += each.rows.length
      return rows > maxRows
    })
    const taken = waiting.splice(0, end === -1 ? waiting.length : Math.max(end, 1))
    waitingRows -= taken.reduce((sum, each) => sum + each.rows.length, 0)
    return taken
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    try {
      const ids = await insert(batch.flatMap(each => each.rows))
      let next = 0
      for (const { rows, resolve } of batch) {
        resolve(ids.slice(next, next + rows.length))
        next += rows.length
      }
    } catch (error) {
      await fail(batch, error)
    }
  }

  // One bad row fails its statement whole: alone, the others succeed and only it fails. Any other failure may have
  // been committed all the same, and must not be tried again.
  async function fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    const [only, ...others] = batch
    if (others.length > 0 && isRefusedValue(error)) {
      for (const each of batch) await write([each])
      return
    }
    only?.reject(error)
    for (const each of others) each.reject(error)
  }

  return append
}

function tooManyWaiting(): RpcError {
  return new RpcError('busy', 'Too many appends wait for the database', {
    reason: 'append_queue_full',
    retryable: true,
    retry_after_ms: 1000,
  })
}

function isRefusedValue(error: unknown): boolean {
  return error instanceof RpcError && error.code === errorCodes.invalid_input
}

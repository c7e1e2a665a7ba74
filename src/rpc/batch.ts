import { RpcError } from '../errors.ts'
import { partOfAnswer } from '../fairness/answer-memory.ts'
import type { Id } from './body-text.ts'
import { failure, type Outcome, writeResponse } from './outcome.ts'
import type { Entry } from './request.ts'

export interface BatchLimits {
  /** Entries that run at the same time. */
  readonly batchConcurrency: number
  /** Bytes of the whole answer. */
  readonly maxBatchAnswerBytes: number
}

export interface Batch {
  readonly entries: readonly Entry[]
  readonly limits: BatchLimits
  readonly correlationId: string
  /** Never rejects. */
  readonly run: (entry: Entry) => Promise<Outcome>
}

/**
 * Answers a batch (JSON-RPC 2.0, section 6) in the order of its requests; undefined when all are
 * notifications. Once an answer does not fit, it and those of all requests not yet started become 110
 * `answer_too_large`.
 */
export async function answerBatch({
  entries,
  limits,
  correlationId,
  run,
}: Batch): Promise<string | undefined> {
  const room = createRoom(entries, limits.maxBatchAnswerBytes, correlationId)
  const answers: (string | undefined)[] = entries.map(() => undefined)
  let next = 0
  const work = async (): Promise<void> => {
    for (let i = next++; i < entries.length; i = next++) {
      const entry = entries[i]
      if (entry !== undefined) answers[i] = await answerEntry(entry, room, run)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limits.batchConcurrency, entries.length) }, work))
  const written = answers.filter(answer => answer !== undefined)
  return written.length === 0 ? undefined : `[${written.join(',')}]`
}

async function answerEntry(entry: Entry, room: Room, run: Batch['run']): Promise<string | undefined> {
  const { id } = entry
  if (id === undefined) {
    await run(entry)
    return undefined
  }
  if (room.isFull()) return room.unstarted(id)
  const work = async (): Promise<string> => room.admit(writeResponse(await run(entry), id), id)
  return partOfAnswer(work, answer => answer.length)
}

/** How much of a batch's answer may still be written. */
interface Room {
  isFull(): boolean
  /** The answer of a request that is not started because the room is full. */
  unstarted(id: Id): string
  /** `answer` if it fits, else the error that it does not. */
  admit(answer: string, id: Id): string
}

/** Room for the worst case, no entry fitting, is reserved first, so that every request can be answered. */
function createRoom(entries: readonly Entry[], limit: number, correlationId: string): Room {
  const skipped = failure(answerTooLarge(false), correlationId)
  const dropped = failure(answerTooLarge(true), correlationId)
  const setAside = (id: Id): number => Buffer.byteLength(writeResponse(skipped, id)) + 1
  let left = entries.reduce((sum, { id }) => (id === undefined ? sum : sum - setAside(id)), limit - 1)
  let isFull = false
  return {
    isFull: () => isFull,
    unstarted: id => writeResponse(skipped, id),
    admit(answer, id) {
      const growth = Buffer.byteLength(answer) + 1 - setAside(id)
      isFull ||= growth > Math.max(left, 0)
      if (growth > Math.max(left, 0)) return writeResponse(dropped, id)
      left -= growth
      return answer
    },
  }
}

/** `started` tells a client whether the request may have changed something. */
function answerTooLarge(started: boolean): RpcError {
  const message = 'the answer to the batch is too large'
  return new RpcError('answer_too_large', message, { retryable: !started, started })
}

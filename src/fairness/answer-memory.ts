import { AsyncLocalStorage } from 'node:async_hooks'
import { RpcError, retrySoon } from '../errors.ts'
import { currentBehalf } from './behalf.ts'
import { createFairQueue } from './fair-queue.ts'
import { createTally } from './tally.ts'

/**
 * What answers hold of our memory, from before their rows are read until their clients have taken them. Room is set aside first:
 * where there is none, a read waits. A token has a third of it, and the last third is for those who hold nothing, so that nobody
 * keeps the others out by reading slowly.
 */
export interface AnswerMemory {
  /** Bytes that answers hold, and those set aside for what is being read. */
  readonly bytes: number
  /** Begins an answer; `cut`: ends it, because its client takes its time while others have no room at all. */
  begin(cut: () => void): Answer
}

export interface Answer {
  /** Does what makes the answer: `roomForRows` within it sets room aside. Then its client only has to read it. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** It has been read, or nobody will: gives its room back as soon as nothing makes it any more. */
  end(): void
}

export interface AnswerMemoryOptions {
  /** What all answers may hold; what is being read last may exceed it. */
  readonly bytes: number
  /** How long a read waits for room before it is refused; default 10 s. */
  readonly waitMs?: number
  /** While somebody waits who holds nothing, a slow reader has to make room each time as long has passed; default 1 s. */
  readonly pressMs?: number
  /** From when on a client that has not taken its whole answer counts as slow; default 5 s. */
  readonly slowMs?: number
  readonly onCut?: () => void
}

/** What one answer, or a request of a batch, holds. */
interface Part {
  readonly memory: Memory
  whom: string | undefined
  bytes: number
  /** Nothing makes it any more: what goes on behind it, such as a run that it began, is no part of it. */
  isMade: boolean
}

interface Memory {
  /** Undefined: there is room. Rejects with RpcError 110. */
  reserve(part: Part, bytes: number): Promise<void> | undefined
  add(part: Part, bytes: number): void
}

const parts = new AsyncLocalStorage<Part>()

/** Room that was set aside. */
export interface Room {
  /** So much of it is used; the rest is given back. */
  keep(bytes: number): void
}

/**
 * Sets room for `bytes` aside in the answer that is being made; undefined where none is. Throws RpcError 110 when there is none
 * for too long (`too_many_answers`).
 */
export async function roomForRows(bytes: number): Promise<Room | undefined> {
  const part = parts.getStore()
  if (part === undefined || part.isMade) return undefined
  const { memory } = part
  const waiting = memory.reserve(part, bytes)
  if (waiting !== undefined) await waiting
  return {
    keep(used) {
      if (!part.isMade) memory.add(part, used - bytes)
    },
  }
}

/** What `work` sets aside is given back when it is done, but for the bytes that `kept` says of its outcome. */
export async function partOfAnswer<T>(work: () => Promise<T>, kept: (outcome: T) => number): Promise<T> {
  const whole = parts.getStore()
  if (whole === undefined || whole.isMade) return work()
  const part: Part = { memory: whole.memory, whom: undefined, bytes: 0, isMade: false }
  try {
    const outcome = await parts.run(part, work)
    takeOver(whole, part.whom)
    whole.memory.add(whole, kept(outcome))
    return outcome
  } finally {
    part.isMade = true
    whole.memory.add(part, -part.bytes)
  }
}

/** A batch is of whoever asks for its first rows, with what it holds already. */
function takeOver(whole: Part, whom: string | undefined): void {
  if (whole.whom !== undefined || whom === undefined) return
  const { memory, bytes } = whole
  memory.add(whole, -bytes)
  whole.whom = whom
  memory.add(whole, bytes)
}

export function createAnswerMemory(options: AnswerMemoryOptions): AnswerMemory {
  const { bytes: budget, waitMs = 10_000, pressMs = 1000, slowMs = 5000, onCut = () => undefined } = options
  const third = budget / 3
  const heldBy = createTally<string | undefined>()
  const waiting = createFairQueue<string | undefined, () => void>()
  const sent = createSentAnswers(slowMs, onCut)
  let total = 0

  function add(part: Part, bytes: number): void {
    part.bytes += bytes
    total += bytes
    heldBy.add(part.whom, bytes)
    if (bytes < 0) admit()
  }

  const holdsNothing = (whom: string | undefined): boolean => heldBy.of(whom) === 0 && total < budget
  const hasShare = (whom: string | undefined): boolean => heldBy.of(whom) < third && total < 2 * third

  function admit(): void {
    while (waiting.size > 0) {
      const go = waiting.take(holdsNothing) ?? waiting.take(hasShare)
      if (go === undefined) return
      go()
    }
  }

  function reserve(part: Part, bytes: number): Promise<void> | undefined {
    part.whom ??= currentBehalf()
    const { whom } = part
    // What has some room already would wait for itself.
    if (part.bytes > 0 || (waiting.sizeOf(whom) === 0 && (holdsNothing(whom) || hasShare(whom)))) {
      add(part, bytes)
      return undefined
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const go = (): void => {
      clearInterval(pressing)
      clearTimeout(ending)
      if (!part.isMade) add(part, bytes)
      resolve()
    }
    const pressing = setInterval(() => {
      if (heldBy.of(whom) === 0) sent.cutSlowest(heldBy.of)
    }, pressMs)
    const ending = setTimeout(() => {
      clearInterval(pressing)
      waiting.remove(whom, go)
      reject(tooManyAnswers())
    }, waitMs)
    waiting.push(whom, go)
    return promise
  }

  const memory: Memory = { reserve, add }

  return {
    get bytes() {
      return total
    },
    begin: cut => beginAnswer(memory, sent, cut),
  }
}

function beginAnswer(memory: Memory, sent: SentAnswers, cut: () => void): Answer {
  const part: Part = { memory, whom: undefined, bytes: 0, isMade: false }
  const entry = { part, cut }
  let isOver = false
  function settle(): void {
    if (!part.isMade || part.bytes === 0) return
    if (isOver) {
      sent.remove(entry)
      memory.add(part, -part.bytes)
    } else sent.add(entry)
  }
  return {
    async during(work) {
      try {
        return await parts.run(part, work)
      } finally {
        part.isMade = true
        settle()
      }
    },
    end() {
      isOver = true
      settle()
    },
  }
}

type SentAnswers = ReturnType<typeof createSentAnswers>

interface SentAnswer {
  readonly part: Part
  readonly cut: () => void
}

/** The answers that are made and that their clients have not read. */
function createSentAnswers(slowMs: number, onCut: () => void) {
  /** Since when, oldest first. */
  const sent = new Map<SentAnswer, number>()
  return {
    add: (answer: SentAnswer): void => void sent.set(answer, performance.now()),
    remove: (answer: SentAnswer): void => void sent.delete(answer),
    /** Of those that have been on their way for longer than `slowMs`: cuts the oldest of whoever holds most. */
    cutSlowest(heldBy: (whom: string | undefined) => number): void {
      const before = performance.now() - slowMs
      const slow = [...sent].filter(([{ part }, since]) => since < before && part.bytes > 0)
      const most = Math.max(...slow.map(([{ part }]) => heldBy(part.whom)))
      const [slowest] = slow.find(([{ part }]) => heldBy(part.whom) === most) ?? []
      if (slowest === undefined) return
      onCut()
      slowest.cut()
    },
  }
}

function tooManyAnswers(): RpcError {
  return new RpcError('too_many_answers', 'Too many answers are being made or wait to be read', retrySoon)
}

import { AsyncLocalStorage } from 'node:async_hooks'
import { RpcError, retrySoon } from '../errors.ts'
import { currentBehalf } from './behalf.ts'
import { createFairQueue } from './fair-queue.ts'
import { createTally } from './tally.ts'

/**
 * The memory that answers hold, from before their rows are read until their clients have received them. It is
 * reserved first; without free memory, a read waits. A token may use a third, and the last third is for
 * owners holding none, so that no client can shut out the others by reading slowly.
 */
export interface AnswerMemory {
  /** Bytes that answers hold, and those reserved for reads under way. */
  readonly bytes: number
  /** Begins an answer; `cut` ends it when its client is slow while others have no room at all. */
  begin(cut: () => void): Answer
}

export interface Answer {
  /**
   * Produces the answer: `roomForRows` within it reserves room. Afterwards its client only has to read it.
   */
  during<T>(work: () => Promise<T>): Promise<T>
  /** It was read or abandoned: releases its room as soon as its work has ended. */
  end(): void
}

export interface AnswerMemoryOptions {
  /** Bytes that all answers may hold; the latest read may exceed it. */
  readonly bytes: number
  /** How long a read waits for room before it is refused; default 10 s. */
  readonly waitMs?: number
  /** While an owner holding nothing waits, one slow reader is cut per this interval; default 1 s. */
  readonly pressMs?: number
  /** After this time a client that has not received its whole answer counts as slow; default 5 s. */
  readonly slowMs?: number
  readonly onCut?: () => void
}

/** What one answer, or a request of a batch, holds. */
interface Part {
  readonly memory: Memory
  whom: string | undefined
  bytes: number
  /** Its work has ended; anything it started that still runs, such as a run, is not part of it. */
  isMade: boolean
}

interface Memory {
  /** Undefined: there is room. Rejects with RpcError 110. */
  reserve(part: Part, bytes: number): Promise<void> | undefined
  add(part: Part, bytes: number): void
}

const parts = new AsyncLocalStorage<Part>()

/** Reserved room. */
export interface Room {
  /** Keeps this many bytes of it; the rest is released. */
  keep(bytes: number): void
}

/**
 * Reserves room for `bytes` in the current answer; undefined outside of one. Throws RpcError 110 when no room
 * becomes free in time (`too_many_answers`).
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

/** Releases what `work` reserved when it ends, except for the bytes that `kept` returns for its result. */
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
    // An answer that already holds room would wait for itself.
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

/** Finished answers that their clients have not read. */
function createSentAnswers(slowMs: number, onCut: () => void) {
  /** Since when, oldest first. */
  const sent = new Map<SentAnswer, number>()
  return {
    add: (answer: SentAnswer): void => void sent.set(answer, performance.now()),
    remove: (answer: SentAnswer): void => void sent.delete(answer),
    /** Among answers sending for longer than `slowMs`, cuts the oldest of the owner that holds most. */
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

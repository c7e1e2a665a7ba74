import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ClientConfig } from 'pg'
import { backoffMs } from '../async/backoff.ts'
import { pause } from '../async/pause.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import { createFairQueue } from '../fairness/fair-queue.ts'
import type { RowTaker } from './byte-query.ts'
import { parameterOf } from './message-writer.ts'
import {
  openPipelined,
  type PipelinedConnection,
  type PipelinedConnectionOptions,
  type PipelinedOutcome,
  type PipelinedRead,
} from './pipelined-connection.ts'
import type { SessionSettings } from './session-settings.ts'
import { bindStatement, type Statement } from './statement.ts'

/**
 * Connections that all small reads share: each read is sent without waiting for the answers to those before. Nobody holds
 * one, so that a read needs no place of its own; a slow one holds up the others for `stallMs` at most.
 */
export interface Pipeline {
  /**
   * Whether all rows were taken; false: the read has to be asked on a connection of its own. Undefined: it cannot be sent
   * here at all.
   */
  read(statement: Statement, values: readonly unknown[], rows: RowTaker): Promise<boolean> | undefined
  waiting(): number
  close(): Promise<void>
}

export interface PipelineOptions {
  readonly connection: ClientConfig
  readonly settings: SessionSettings
  readonly onError: (error: unknown) => void
}

/** Beside the pool's. */
export const pipelinedConnections = 2

/** Reads that are sent, and answered, at once. */
const flightSize = 16
/** PostgreSQL cancels what takes longer, and so tells whose it was: answers come a flight at a time. */
const statementTimeoutMs = 100
/** After so long without an answer, all that is due is asked elsewhere. */
const stallMs = 150
const lookEveryMs = 50
/** After so long without an answer a connection is lost: PostgreSQL would have cancelled its statement. */
const silentMs = 2000
/** After a slow read one asks elsewhere for a second, and for twice as long each time it happens again soon. */
const barring = { firstMs: 1000, longestMs: 32_000 }
const maxWaiting = 1000
const reopenMs = 1000

interface Line {
  connection: PipelinedConnection | undefined
  /** Nothing has come for too long. */
  isStalled: boolean
}

/** Opens its connections; those that cannot be opened are tried again and again. */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const queue = createFairQueue<string | undefined, PipelinedRead>()
  const bars = createBars()
  const lines = createLines(options, {
    onSlow: bars.bar,
    onFree: sendSoon,
    onLost() {
      // No connection is left to send what waits.
      if (!lines.all.some(isUsable)) giveUpWaiting()
    },
  })
  let isSending = false
  let isClosed = false
  let looking: NodeJS.Timeout | undefined

  function giveUpWaiting(): void {
    for (const read of queue.clear()) read.settle('unanswered')
  }

  function sendSoon(): void {
    if (isSending || queue.size === 0) return
    isSending = true
    // What else is asked in this turn flies with it.
    setImmediate(send)
  }

  function send(): void {
    isSending = false
    for (;;) {
      const free = lines.all.filter(isFree)
      const [line] = free
      if (line?.connection === undefined || queue.size === 0) break
      const size = Math.min(flightSize, Math.ceil(queue.size / free.length))
      const flight = Array.from({ length: size }, () => queue.take()).filter(read => read !== undefined)
      line.connection.send(flight)
      lines.putLast(line)
    }
    looking ??= setTimeout(look, lookEveryMs).unref()
  }

  async function look(): Promise<void> {
    // What has come while we were late is read first.
    await nextTurn()
    const isWaiting = lines.giveUpStalled()
    if (!lines.all.some(isUsable)) giveUpWaiting()
    looking = isWaiting ? setTimeout(look, lookEveryMs).unref() : undefined
  }

  await lines.open()
  return {
    read(statement, values, rows) {
      const { name, sql } = statement
      const whom = currentBehalf()
      if (isClosed || name === undefined || bars.has(whom) || !lines.all.some(isUsable)) return undefined
      if (queue.sizeOf(whom) >= maxWaiting) return undefined
      const parameters = bindStatement(statement, values).map(parameterOf)
      return new Promise(resolve => {
        const settle = (outcome: PipelinedOutcome): void => {
          if (outcome === 'refused' || (outcome === 'read' && rows.leftOut > 0)) bars.bar(whom)
          resolve(outcome === 'read')
        }
        queue.push(whom, { name, sql, parameters, rows, whom, isOver: false, settle })
        sendSoon()
      })
    },
    waiting: () => queue.size,
    async close() {
      isClosed = true
      giveUpWaiting()
      await lines.close()
      clearTimeout(looking)
    },
  }
}

/** Who has asked what was slow, and asks elsewhere for some time. */
function createBars() {
  const bars = new Map<string | undefined, { readonly until: number; readonly times: number }>()
  return {
    bar(whom: string | undefined): void {
      const now = performance.now()
      for (const [each, { until }] of bars) if (until + barring.longestMs < now) bars.delete(each)
      const last = bars.get(whom)
      // What was sent before it was barred says nothing new.
      if (last !== undefined && last.until > now) return
      const times = 1 + (last?.times ?? 0)
      bars.set(whom, { until: now + backoffMs(times, barring), times })
    },
    has(whom: string | undefined): boolean {
      const bar = bars.size === 0 ? undefined : bars.get(whom)
      return bar !== undefined && bar.until > performance.now()
    },
  }
}

type LineEvents = Pick<PipelinedConnectionOptions, 'onSlow' | 'onFree' | 'onLost'>

/** The connections of a pipeline, each opened again whenever it is lost. */
function createLines(options: PipelineOptions, { onSlow, onFree, onLost }: LineEvents) {
  const lines: Line[] = Array.from({ length: pipelinedConnections }, () => ({
    connection: undefined,
    isStalled: false,
  }))
  const closing = new AbortController()

  async function open(line: Line): Promise<void> {
    line.connection = await openPipelined({
      ...options,
      statementTimeoutMs,
      onSlow,
      onFree() {
        line.isStalled = false
        onFree()
      },
      onLost() {
        line.connection = undefined
        line.isStalled = false
        onLost()
        void reopen(line)
      },
    })
    if (closing.signal.aborted) await line.connection.close()
  }

  async function reopen(line: Line): Promise<void> {
    while (!closing.signal.aborted) {
      await pause(reopenMs, closing.signal)
      if (closing.signal.aborted) return
      try {
        return await open(line)
      } catch {
        // The pool, which meets the same fault, tells of it.
      }
    }
  }

  return {
    all: lines as readonly Line[],
    /** Resolves when each was tried once. */
    async open(): Promise<void> {
      const opening = lines.map(line =>
        open(line).catch(error => {
          options.onError(error)
          void reopen(line)
        }),
      )
      await Promise.all(opening)
    },
    /** The others are to be used before it. */
    putLast(line: Line): void {
      lines.push(...lines.splice(lines.indexOf(line), 1))
    },
    /** Gives up what is due on those from which nothing has come for too long. Whether anything is due on any. */
    giveUpStalled(): boolean {
      const now = performance.now()
      let isWaiting = false
      for (const line of lines) {
        const since = line.connection?.waitsSince
        if (since === undefined) continue
        isWaiting = true
        if (now - since > silentMs) line.connection?.cut()
        else if (now - since > stallMs) {
          line.isStalled = true
          line.connection?.giveUp()
        }
      }
      return isWaiting
    },
    async close(): Promise<void> {
      closing.abort()
      await Promise.all(lines.map(({ connection }) => connection?.close()))
    },
  }
}

function isUsable({ connection, isStalled }: Line): boolean {
  return connection !== undefined && !isStalled
}

function isFree(line: Line): boolean {
  return isUsable(line) && line.connection?.isFree === true
}

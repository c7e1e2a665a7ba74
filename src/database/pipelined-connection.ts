import { Client, type ClientConfig } from 'pg'
import { connectionOfClient, intercept, messageType, type RowTaker, rowHead } from './byte-query.ts'
import { isOutdatedStatement } from './database-error.ts'
import { type MessageHandler, MessageSplitter } from './message-splitter.ts'
import { MessageWriter } from './message-writer.ts'
import { applySettings } from './postgres-pool.ts'
import { pipelinedSettings, type SessionSettings } from './session-settings.ts'

/** A read that goes over a pipelined connection. */
export interface PipelinedRead {
  /** Under which it is prepared. */
  readonly name: string
  readonly sql: string
  readonly parameters: readonly (string | null)[]
  readonly rows: RowTaker
  readonly whom: string | undefined
  /** Its answer is no longer waited for here. */
  isOver: boolean
  settle(outcome: PipelinedOutcome): void
}

/**
 * How it ended: with all its rows; PostgreSQL refused its values, or had another fault; it was passed over because another
 * of its flight failed; or nothing came.
 */
export type PipelinedOutcome = 'read' | 'refused' | 'failed' | 'passed_over' | 'unanswered'

/** Flights under way at once: while one is answered, the next is there already. */
const flightsAtOnce = 2
/** PostgreSQL keeps a plan for each name and connection, without end; such a connection is closed instead. */
const maxPrepared = 1000
const cancelled = '57014'
/** PostgreSQL ends the connection, or is being ended itself. */
const ending = /^57P/
/** Of the values, which are the client's. */
const ofValue = /^22/

const writer = new MessageWriter()

/** One connection over which reads are sent without waiting for the answers of those before. */
export interface PipelinedConnection {
  /** Whether it takes another flight. */
  readonly isFree: boolean
  /** Since when nothing has come although something is due; undefined: nothing is. */
  readonly waitsSince: number | undefined
  /** Sends reads as one flight: where one fails, those behind it are passed over. */
  send(reads: readonly PipelinedRead[]): void
  /** All that is due counts as unanswered: what comes late is dropped. */
  giveUp(): void
  /** Ends it at once. */
  cut(): void
  /** Ends it when all that is due has come. */
  close(): Promise<void>
}

export interface PipelinedConnectionOptions {
  readonly connection: ClientConfig
  readonly settings: SessionSettings
  /** What PostgreSQL cancels, in milliseconds. */
  readonly statementTimeoutMs: number
  /** Told of each read that PostgreSQL cancels, given up or not. */
  readonly onSlow: (whom: string | undefined) => void
  /** A flight has ended. */
  readonly onFree: () => void
  readonly onLost: () => void
}

/** Throws where PostgreSQL cannot be reached. */
export async function openPipelined(options: PipelinedConnectionOptions): Promise<PipelinedConnection> {
  const { onSlow, onFree, onLost } = options
  const client = await openClient(options)
  const events = connectionOfClient(client)
  const { stream } = events
  const flights = new Flights(bytes => pass(bytes), land)
  const splitter = new MessageSplitter(flights)
  const prepared = new Set<string>()
  let heardAt = 0
  let isOpen = true
  let closed: (() => void) | undefined

  const { pass } = intercept(stream, chunk => {
    heardAt = performance.now()
    splitter.push(chunk)
  })
  // pg would take it for the end of the connection, since it has sent nothing.
  events.removeAllListeners('errorMessage')
  events.on('errorMessage', fail)
  client.on('error', lose)
  client.on('end', lose)

  function lose(): void {
    if (!isOpen) return
    isOpen = false
    flights.giveUp()
    stream.destroy()
    closed?.()
    onLost()
  }

  function land(): void {
    if (flights.size === 0) {
      closed?.()
      if (prepared.size > maxPrepared) lose()
    }
    onFree()
  }

  function fail(error: Error): void {
    const read = flights.next()
    const code = 'code' in error ? String(error.code) : ''
    // What it no longer knows is prepared on a new one.
    if (read === undefined || ending.test(code) || isOutdatedStatement(error)) lose()
    else {
      if (code === cancelled) onSlow(read.whom)
      end(read, ofValue.test(code) ? 'refused' : 'failed')
    }
  }

  return {
    get isFree() {
      return isOpen && closed === undefined && flights.size < flightsAtOnce && prepared.size <= maxPrepared
    },
    get waitsSince() {
      return flights.size === 0 ? undefined : heardAt
    },
    send(reads) {
      if (flights.size === 0) heardAt = performance.now()
      flights.add(reads)
      stream.write(bytesOf(reads, prepared))
    },
    giveUp: () => flights.giveUp(),
    cut: lose,
    async close() {
      if (flights.size > 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        closed = resolve
        await promise
      }
      closed = () => undefined
      isOpen = false
      await client.end()
    },
  }
}

/** What asks for the reads as one flight; those that are not yet `prepared` are prepared with it. */
function bytesOf(reads: readonly PipelinedRead[], prepared: Set<string>): Buffer {
  for (const { name, sql, parameters, rows } of reads) {
    if (!prepared.has(name)) {
      prepared.add(name)
      writer.parse(name, sql)
    }
    writer.run(name, parameters, rows.formats)
  }
  writer.sync()
  return writer.take()
}

async function openClient({
  connection,
  settings,
  statementTimeoutMs,
}: PipelinedConnectionOptions): Promise<Client> {
  const client = new Client(connection)
  client.on('error', () => undefined)
  try {
    await client.connect()
    const text = pipelinedSettings(settings, statementTimeoutMs)
    await applySettings(client, text, connection.connectionTimeoutMillis)
    return client
  } catch (error) {
    void client.end().catch(() => undefined)
    throw error
  }
}

/** The flights that are on their way, in their order, and what comes for their reads. */
class Flights implements MessageHandler {
  readonly #flights: (readonly PipelinedRead[])[] = []
  readonly #pass: (bytes: Buffer) => void
  readonly #onLanded: () => void
  /** Which read of the first flight is due. */
  #due = 0

  /** `pass`: for what is pg's own. */
  constructor(pass: (bytes: Buffer) => void, onLanded: () => void) {
    this.#pass = pass
    this.#onLanded = onLanded
  }

  get size(): number {
    return this.#flights.length
  }

  add(reads: readonly PipelinedRead[]): void {
    this.#flights.push(reads)
  }

  /** The read that is due; the one after it is due now. */
  next(): PipelinedRead | undefined {
    return this.#flights[0]?.[this.#due++]
  }

  giveUp(): void {
    for (const flight of this.#flights) for (const read of flight) end(read, 'unanswered')
  }

  wants(type: number, length: number): boolean {
    if (type !== messageType.dataRow) return true
    const read = this.#flights[0]?.[this.#due]
    return read !== undefined && !read.isOver && read.rows.wants(length)
  }

  message(type: number, bytes: Buffer, begin: number, messageEnd: number): void {
    const read = this.#flights[0]?.[this.#due]
    switch (type) {
      case messageType.dataRow:
        read?.rows.take(bytes, begin + rowHead)
        return
      case messageType.parseComplete:
        return
      case messageType.bindComplete:
        if (read?.isOver === false) read.rows.begin()
        return
      case messageType.commandComplete:
        end(this.next(), 'read')
        return
      case messageType.readyForQuery:
        this.#due = 0
        for (const left of this.#flights.shift() ?? []) end(left, 'passed_over')
        this.#onLanded()
        return
      default:
        this.#pass(bytes.subarray(begin, messageEnd))
    }
  }
}

function end(read: PipelinedRead | undefined, outcome: PipelinedOutcome): void {
  if (read === undefined || read.isOver) return
  read.isOver = true
  read.settle(outcome)
}

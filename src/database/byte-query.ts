import type { Socket } from 'node:net'
import { type ClientBase, Query } from 'pg'
import { MessageSplitter } from './message-splitter.ts'
import { type ColumnFormat, MessageWriter, parameterOf } from './message-writer.ts'
import { bindStatement, type Statement } from './statement.ts'

/** Takes the rows of one statement as the bytes in which PostgreSQL sends them. */
export interface RowTaker {
  /** How each column is wanted. */
  readonly formats: readonly ColumnFormat[]
  /** How many rows were passed over. */
  readonly leftOut: number
  /** So much was passed over that the rest is useless. */
  readonly isHopeless: boolean
  /** The statement begins, or begins again: forget what came before. */
  begin(): void
  /** Whether a row of about so many bytes is taken; it is passed over otherwise. Asked once a row. */
  wants(length: number): boolean
  /** The values of a row: each is its length in four bytes (-1: null), and its bytes. */
  take(bytes: Buffer, at: number): void
}

/** What pg's types leave out of a client's connection. */
export interface Connection extends NodeJS.EventEmitter {
  readonly stream: Socket
  readonly parsedStatements: Record<string, string>
  readonly submittedNamedStatements: Record<string, string>
}

export function connectionOfClient(client: ClientBase): Connection {
  return (client as unknown as { readonly connection: Connection }).connection
}

/** The first byte of what PostgreSQL sends, see its manual, "Message Formats". */
export const messageType = {
  parseComplete: 0x31,
  bindComplete: 0x32,
  commandComplete: 0x43,
  dataRow: 0x44,
  readyForQuery: 0x5a,
} as const
/** A row's values follow its type, its length and their number. */
export const rowHead = 7

const writer = new MessageWriter()

/**
 * A statement whose rows go to `rows`, on a client that runs nothing else meanwhile: they are taken out of the stream before
 * pg sees them. pg does all the rest, as for a query of its own.
 */
export class ByteQuery extends Query {
  /** Settled when PostgreSQL is ready for the next query, also where this one fails: until then what comes is still this one's. */
  readonly answer: Promise<void>
  readonly #settle: () => void
  /** Whether PostgreSQL still has to say that it is ready, as after a failed query. */
  #isBehind = false
  readonly #name: string
  readonly #sql: string
  readonly #parameters: readonly (string | null)[]
  readonly #rows: RowTaker

  constructor(statement: Statement, name: string | undefined, values: readonly unknown[], rows: RowTaker) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let failure: unknown
    const callback = (error: unknown): void => {
      if (!error) resolve()
      else if (error instanceof Error && 'severity' in error) failure = error
      else reject(error)
    }
    const config = { name, text: statement.sql, queryMode: 'extended', callback }
    super(config)
    this.answer = promise
    this.#settle = () => {
      if (failure !== undefined) reject(failure)
    }
    this.#name = name ?? ''
    this.#sql = statement.sql
    this.#parameters = bindStatement(statement, values).map(parameterOf)
    this.#rows = rows
  }

  /** Runs it, on a client that does nothing else meanwhile. */
  runOn(client: ClientBase): Promise<void> {
    this.#isBehind = 'readyForQuery' in client && client.readyForQuery !== true
    client.query(this)
    return this.answer
  }

  /** Called by pg where it would send a query of its own. */
  prepare(connection: Connection): void {
    const { stream, parsedStatements, submittedNamedStatements } = connection
    const name = this.#name
    if (
      name === '' ||
      (parsedStatements[name] === undefined && submittedNamedStatements[name] === undefined)
    ) {
      writer.parse(name, this.#sql)
      if (name !== '') submittedNamedStatements[name] = this.#sql
    }
    writer.run(name, this.#parameters, this.#rows.formats)
    writer.sync()
    this.#rows.begin()
    takeRows(connection, this.#rows, { isBehind: this.#isBehind, onReady: this.#settle })
    stream.write(writer.take())
  }
}

/** Until PostgreSQL is ready for the next query. */
function takeRows(
  { stream }: Connection,
  rows: RowTaker,
  { isBehind, onReady }: { readonly isBehind: boolean; readonly onReady: () => void },
): void {
  let due = isBehind ? 2 : 1
  const splitter = new MessageSplitter({
    wants(type, length) {
      if (type !== messageType.dataRow || rows.wants(length)) return true
      // Otherwise the rows would go on to the last.
      if (rows.isHopeless) stream.destroy()
      return false
    },
    message(type, bytes, begin, end) {
      if (type === messageType.dataRow) return rows.take(bytes, begin + rowHead)
      const isOver = type === messageType.readyForQuery && --due === 0
      if (isOver) others.restore()
      others.pass(bytes.subarray(begin, end))
      if (!isOver) return
      stream.off('close', onReady)
      onReady()
    },
  })
  const others = intercept(stream, chunk => splitter.push(chunk))
  stream.once('close', onReady)
}

/** Takes what comes on the stream instead of its listeners; `pass` gives them some of it. */
export function intercept(
  stream: Socket,
  onData: (chunk: Buffer) => void,
): { readonly pass: (bytes: Buffer) => void; readonly restore: () => void } {
  const others = stream.listeners('data') as ((chunk: Buffer) => void)[]
  stream.on('data', onData)
  for (const other of others) stream.off('data', other)
  return {
    pass(bytes) {
      for (const other of others) other.call(stream, bytes)
    },
    restore() {
      for (const other of others) stream.on('data', other)
      stream.off('data', onData)
    },
  }
}

import type { Socket } from 'node:net'
import { type ClientBase, Query } from 'pg'
import { MessageSplitter } from './message-splitter.ts'
import { MessageWriter, parameterOf } from './message-writer.ts'
import type { RowTaker } from './row-taker.ts'
import { bindStatement, type Statement } from './statement.ts'

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
 * A statement of which `rows` takes the rows, on a client that runs nothing else meanwhile: they are taken out of what
 * comes before pg sees it. All else pg does, as with any query of its own.
 */
export class ByteQuery extends Query {
  readonly answer: Promise<void>
  readonly #name: string
  readonly #sql: string
  readonly #parameters: readonly (string | null)[]
  readonly #rows: RowTaker

  constructor(statement: Statement, name: string | undefined, values: readonly unknown[], rows: RowTaker) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const callback = (error: unknown): void => (error ? reject(error) : resolve())
    const config = { name, text: statement.sql, queryMode: 'extended', callback }
    super(config)
    this.answer = promise
    this.#name = name ?? ''
    this.#sql = statement.sql
    this.#parameters = bindStatement(statement, values).map(parameterOf)
    this.#rows = rows
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
    takeRows(connection, this.#rows)
    stream.write(writer.take())
  }
}

/** Until PostgreSQL is ready for the next query. */
function takeRows(connection: Connection, rows: RowTaker): void {
  const { stream } = connection
  const splitter = new MessageSplitter({
    wants(type, length) {
      if (type !== messageType.dataRow || rows.wants(length)) return true
      // It would go on for as long as there are rows.
      if (rows.isHopeless) stream.destroy()
      return false
    },
    message(type, bytes, begin, end) {
      if (type === messageType.dataRow) return rows.take(bytes, begin + rowHead)
      if (type === messageType.readyForQuery) others.restore()
      others.pass(bytes.subarray(begin, end))
    },
  })
  const others = intercept(stream, chunk => splitter.push(chunk))
}

/** Takes what comes before those who listen; `pass` lets them have some of it. */
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

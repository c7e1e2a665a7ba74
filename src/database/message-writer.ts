/** How a column is sent: 0 as text, 1 in PostgreSQL's binary form. */
export type ColumnFormat = 0 | 1

/** What a statement's place takes: PostgreSQL reads the text as the place's type wants it. */
type Parameter = string | null

const sync = Buffer.from([0x53, 0, 0, 0, 4])
const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])

/** Writes messages to PostgreSQL (its manual, "Message Formats"), any number of them as one piece. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(16 * 1024)
  #at = 0

  parse(name: string, sql: string): void {
    const begin = this.#begin(0x50, 3 * (name.length + sql.length) + 4)
    this.#text(name)
    this.#bytes[this.#at++] = 0
    this.#text(sql)
    this.#bytes[this.#at++] = 0
    this.#int16(0)
    this.#end(begin)
  }

  /** Binds and executes the statement that was prepared as `name`. */
  run(name: string, values: readonly Parameter[], formats: readonly ColumnFormat[]): void {
    const length = values.reduce((sum, value) => sum + 4 + 3 * (value?.length ?? 0), 0)
    const begin = this.#begin(0x42, 3 * name.length + length + 2 * formats.length + 16)
    this.#bytes[this.#at++] = 0
    this.#text(name)
    this.#bytes[this.#at++] = 0
    this.#int16(0)
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(formats.length)
    for (const format of formats) this.#int16(format)
    this.#end(begin)
    this.#add(execute)
  }

  /** Ends what succeeds or fails together. */
  sync(): void {
    this.#add(sync)
  }

  /** What was written since the last time. */
  take(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return written
  }

  #begin(type: number, most: number): number {
    this.#makeRoom(5 + most)
    this.#bytes[this.#at] = type
    this.#at += 5
    return this.#at - 4
  }

  #end(begin: number): void {
    this.#bytes.writeInt32BE(this.#at - begin, begin)
  }

  #add(message: Buffer): void {
    this.#makeRoom(message.length)
    this.#bytes.set(message, this.#at)
    this.#at += message.length
  }

  #value(value: Parameter): void {
    const begin = this.#at
    this.#at += 4
    if (value !== null) this.#text(value)
    this.#bytes.writeInt32BE(value === null ? -1 : this.#at - begin - 4, begin)
  }

  #text(text: string): void {
    this.#at += this.#bytes.write(text, this.#at)
  }

  #int16(value: number): void {
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
  }

  #makeRoom(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * needed)
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** The text of a run-time value. Throws TypeError for what no statement of ours binds. */
export function parameterOf(value: unknown): Parameter {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `{${value.map(elementOf).join()}}`
  throw new TypeError(`a ${typeof value} cannot be bound`)
}

function elementOf(value: unknown): string {
  const text = parameterOf(value)
  return text === null ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`
}

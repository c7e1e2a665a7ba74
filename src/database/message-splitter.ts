/** What is done with a server's messages. */
export interface MessageHandler {
  /** Whether a message of so many bytes is wanted, which is asked once; otherwise it is passed over as it comes. */
  wants(type: number, length: number): boolean
  /** `bytes` from `begin` to `end` is one message with its head; they are another's when this returns. */
  message(type: number, bytes: Buffer, begin: number, end: number): void
}

const headLength = 5

/** Cuts what PostgreSQL sends into its messages: a byte of type, and a length that counts itself (its manual, "Message Formats"). */
export class MessageSplitter {
  readonly #handler: MessageHandler
  /** The beginning of a message whose end has not come, and how much of it is there. */
  #partial: Buffer | undefined
  #have = 0
  /** Bytes still to come of a message that is passed over. */
  #passing = 0

  constructor(handler: MessageHandler) {
    this.#handler = handler
  }

  push(chunk: Buffer): void {
    let at = 0
    if (this.#passing > 0) at = this.#pass(chunk, at)
    if (this.#partial !== undefined) at = this.#fill(chunk, at, this.#partial)
    while (at + headLength <= chunk.length) {
      const length = 1 + lengthAt(chunk, at)
      const type = chunk[at] ?? 0
      if (!this.#handler.wants(type, length)) {
        this.#passing = length
        at = this.#pass(chunk, at)
      } else if (at + length > chunk.length) {
        this.#keep(chunk, at, length)
        return
      } else {
        this.#handler.message(type, chunk, at, at + length)
        at += length
      }
    }
    if (at < chunk.length) this.#keep(chunk, at, headLength)
  }

  #pass(chunk: Buffer, at: number): number {
    const passed = Math.min(this.#passing, chunk.length - at)
    this.#passing -= passed
    return at + passed
  }

  #keep(chunk: Buffer, at: number, length: number): void {
    this.#partial = Buffer.allocUnsafe(length)
    this.#have = chunk.copy(this.#partial, 0, at)
  }

  #fill(chunk: Buffer, from: number, partial: Buffer): number {
    const at = from + chunk.copy(partial, this.#have, from, from + partial.length - this.#have)
    this.#have += at - from
    if (this.#have < partial.length) return at
    this.#partial = undefined
    return partial.length === headLength ? this.#begin(chunk, at, partial) : this.#end(partial, at)
  }

  /** The head of a message had come alone. */
  #begin(chunk: Buffer, at: number, head: Buffer): number {
    const length = 1 + lengthAt(head, 0)
    if (!this.#handler.wants(head[0] ?? 0, length)) {
      this.#passing = length - headLength
      return this.#pass(chunk, at)
    }
    if (length === headLength) return this.#end(head, at)
    const whole = Buffer.allocUnsafe(length)
    this.#have = head.copy(whole)
    this.#partial = whole
    return this.#fill(chunk, at, whole)
  }

  #end(message: Buffer, at: number): number {
    this.#handler.message(message[0] ?? 0, message, 0, message.length)
    return at
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at + 1)
}

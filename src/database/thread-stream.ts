import { Duplex } from 'node:stream'

const startsUnanswered = new Set([0x42, 0x43, 0x44, 0x45, 0x48, 0x50])

/**
 * A socket as pg sees it, whose other end gets whole requests: of PostgreSQL's messages, those up to the next that is
 * answered by itself. Requests of one turn of the event loop are sent together.
 */
export class ThreadStream extends Duplex {
  readonly #send: (requests: Uint8Array[]) => void
  #parts: Uint8Array[] = []
  #requests: Uint8Array[] = []

  constructor(send: (requests: Uint8Array[]) => void) {
    super({ decodeStrings: false })
    this.#send = send
  }

  /** The answer to a request. */
  receive(answer: Uint8Array): void {
    this.push(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength))
  }

  override _write(message: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#take(message)
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    for (const { chunk } of chunks) this.#take(chunk)
    done()
  }

  override _read(): void {}

  #take(message: Buffer): void {
    this.#parts.push(message)
    // Bind, Close, Describe, Execute, Flush and Parse: a Sync follows.
    if (startsUnanswered.has(message[0] ?? 0)) return
    if (this.#requests.length === 0) queueMicrotask(() => this.#flush())
    this.#requests.push(new Uint8Array(Buffer.concat(this.#parts)))
    this.#parts = []
  }

  #flush(): void {
    const requests = this.#requests
    this.#requests = []
    if (!this.destroyed) this.#send(requests)
  }

  // What pg asks of a socket.
  connect(): this {
    process.nextTick(() => this.emit('connect'))
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

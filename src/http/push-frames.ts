import type { Writable } from 'node:stream'
import type { Spliced } from '../method/method.ts'

/** Messages of a WebSocket that are sent by one write at the end of the turn of the event loop. */
export interface PushFrames {
  add(message: Spliced): void
  /** Sends all waiting frames immediately. */
  flush(): void
  /** Bytes not sent yet. */
  waiting(): number
}

/** More than that does not wait for the end of the turn. */
const maxWaiting = 256 * 1024
/** A larger body is sent as it is: it lies in memory once for all whose clients have not read it. */
const maxCopied = 16 * 1024
/** The longest head of a frame. */
const frameHead = 10

/**
 * Writes the text frames (RFC 6455, section 5.2) itself, to the socket beneath: ws would encode each text
 * anew and make two writes of each. `isOpen`: whether anything may be sent yet.
 */
export function createPushFrames(socket: Writable, isOpen: () => boolean): PushFrames {
  let messages: Spliced[] = []
  let bytes = 0

  function flush(): void {
    if (messages.length === 0) return
    const [given, length] = [messages, bytes]
    messages = []
    bytes = 0
    if (isOpen()) socket.write(framesOf(given, length))
  }

  function sendLarge({ head, body, tail }: Spliced): void {
    flush()
    if (!isOpen()) return
    socket.cork()
    const begin = Buffer.allocUnsafe(frameHead + head.length)
    const at = writeFrameHead(begin, 0, head.length + body.length + tail.length)
    socket.write(begin.subarray(0, at + begin.write(head, at, 'latin1')))
    socket.write(body)
    socket.write(tail, 'latin1')
    socket.uncork()
  }

  return {
    flush,
    waiting: () => bytes,
    add(message) {
      const { head, body, tail } = message
      if (body.length > maxCopied) return sendLarge(message)
      if (messages.push(message) === 1) process.nextTick(flush)
      bytes += frameHead + head.length + body.length + tail.length
      if (bytes > maxWaiting) flush()
    },
  }
}

/** `most`: no fewer bytes than they take. */
function framesOf(messages: readonly Spliced[], most: number): Buffer {
  const frames = Buffer.allocUnsafe(most)
  let at = 0
  for (const { head, body, tail } of messages) {
    at = writeFrameHead(frames, at, head.length + body.length + tail.length)
    at += frames.write(head, at, 'latin1')
    at += body.copy(frames, at)
    at += frames.write(tail, at, 'latin1')
  }
  return frames.subarray(0, at)
}

/** A whole text message, not masked. Answers where its payload begins. */
function writeFrameHead(target: Buffer, at: number, length: number): number {
  target[at] = 0x81
  if (length < 126) {
    target[at + 1] = length
    return at + 2
  }
  if (length < 65_536) {
    target[at + 1] = 126
    return target.writeUInt16BE(length, at + 2)
  }
  target[at + 1] = 127
  return target.writeBigUInt64BE(BigInt(length), at + 2)
}

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { GivenUp, Unfinished, UnfinishedBodies } from './unfinished-bodies.ts'

export interface MessageOptions {
  readonly unfinished: UnfinishedBodies
  /** Whose share of the budget it takes. */
  readonly share: string
  readonly onGivenUp: (reason: GivenUp) => void
}

/** What `ws` keeps of frames and fragments that are not a message yet; it tells nobody. */
interface Receiver {
  readonly _bufferedBytes: number
  readonly _messageLength: number
  readonly _buffers: readonly unknown[]
  readonly _numFragments: number
  readonly writableLength: number
}

/** Each piece is a Buffer, however few bytes it holds. */
const pieceBytes = 200
/** How long a client is given to read why it is closed. */
const lastWordsMs = 1000

/**
 * Counts what arrives of messages that are not whole among the unfinished bodies, and ends a socket whose
 * message is given up.
 */
export function watchMessages(socket: WebSocket, { unfinished, share, onGivenUp }: MessageOptions): void {
  const { _socket: stream, _receiver: receiver } = socket as unknown as {
    readonly _socket: Socket
    readonly _receiver: Receiver
  }
  let message: Unfinished | undefined

  function giveUp(reason: GivenUp): void {
    onGivenUp(reason)
    // As HTTP's 408; 1013 is "try again later".
    if (reason === 'stalled') socket.close(4408, 'the message stopped arriving')
    else socket.close(1013, 'too many bytes of messages are arriving at once')
    // Its close frame would come behind the rest of the message.
    socket.pause()
    setTimeout(() => socket.terminate(), lastWordsMs).unref()
  }

  // Comes after the listener of `ws` itself, which has taken the chunk in.
  stream.on('data', () => {
    const pieces = receiver._buffers.length + receiver._numFragments
    const held =
      pieces === 0 && receiver.writableLength === 0
        ? 0
        : receiver._bufferedBytes + receiver._messageLength + receiver.writableLength + pieces * pieceBytes
    if (held === 0) {
      message?.finish()
      message = undefined
      return
    }
    message ??= unfinished.begin({ share, giveUp, isPaused: () => socket.isPaused })
    message.hold(held, stream.bytesRead)
  })
  socket.once('close', () => message?.finish())
}

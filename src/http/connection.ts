import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { AnswerMemory } from '../fairness/answer-memory.ts'
import type { Logger } from '../logger.ts'
import type { PushChannel, RequestContext } from '../method/method.ts'
import type { Endpoint, Written } from '../rpc/endpoint.ts'
import { failure, writeResponse } from '../rpc/outcome.ts'
import { createPushChannel } from './push-channel.ts'

/** Messages of one connection that are handled at once; while there are more the socket is not read. */
const messagesAtOnce = 8
/** A client with this many bytes of answers unread is cut off, because they stay in our memory. */
const maxUnreadBytes = 16 * 1024 * 1024
/** Checks in a row without a sign of life after which a client is cut off. */
const missedChecks = 2

export interface ConnectionOptions {
  readonly socket: WebSocket
  /** What the WebSocket writes to. */
  readonly beneath: Writable
  /** The context of the request that opened the connection; its bearer counts for every message. */
  readonly upgrade: RequestContext
  readonly endpoint: Endpoint
  readonly answers: AnswerMemory
  readonly logger: Logger
  /** How long it may go on without a credential that holds, in milliseconds. */
  readonly strangerMs: number
  readonly onStranger: () => void
}

/** One WebSocket that takes JSON-RPC, text or binary (read as UTF-8), and sends answers as they finish. */
export interface Connection {
  /** Finishes the messages that have arrived, then closes with 1001. */
  drain(): void
  /** Somebody's credential has held on it: it may stay. */
  keep(): void
  /** The same with 4401 (as HTTP's 401): its credential has ended, and so have its subscriptions. */
  revoke(): void
  /** To be called at regular times: sends a ping, and cuts off a client that is gone or takes no answers. */
  check(): void
}

export function serveConnection(options: ConnectionOptions): Connection {
  const { socket, beneath, upgrade, endpoint, answers, logger, strangerMs, onStranger } = options
  const messages = createMessageQueue(socket, handle, closeWhenIdle)
  let received = 0
  const liveness = createLiveness(socket)
  /** How it is closed once nothing runs any more; undefined: it goes on. */
  let closing: readonly [code: number, reason: string] | undefined
  const push: PushChannel = createPushChannel(socket, beneath)
  const { bearer, address, shown } = upgrade
  const strangerTimer = setTimeout(() => {
    onStranger()
    closing ??= [4401, 'no credential was shown']
    closeWhenIdle()
  }, strangerMs).unref()
  const keep = (): void => clearTimeout(strangerTimer)
  const shared = { bearer, push, credentialHeld: keep, ...(shown && { shown }), ...(address && { address }) }

  async function handle(message: Buffer): Promise<void> {
    received += 1
    const correlationId = `${upgrade.correlationId}-${received}`
    const afterwards: (() => void)[] = []
    const afterAnswer = (work: () => void): void => void afterwards.push(work)
    const answering = answers.begin(() => socket.terminate())
    try {
      const context: RequestContext = { ...shared, correlationId, afterAnswer }
      const answer = await answering.during(() => endpoint.answer(message, context))
      const sending = answer === undefined ? undefined : send(answer)
      // A closed connection emits no close event again: its subscriptions would leak.
      if (socket.readyState === socket.OPEN) for (const work of afterwards) work()
      await sending
    } catch (error) {
      logger.error({ correlationId, err: error }, 'a message failed unexpectedly')
      await send(writeResponse(failure(error, correlationId), null))
    } finally {
      answering.end()
    }
  }

  /** Resolves when the answer has left our memory, so that a slow reader also slows down what it asks. */
  function send(answer: Written): Promise<void> {
    if (socket.readyState !== socket.OPEN) return Promise.resolve()
    if (socket.bufferedAmount > maxUnreadBytes) {
      logger.warn({ correlationId: upgrade.correlationId }, 'a client does not read its answers')
      socket.terminate()
      return Promise.resolve()
    }
    return new Promise(resolve => {
      socket.send(answer, { binary: false }, () => {
        liveness.sign()
        resolve()
      })
    })
  }

  function closeWhenIdle(): void {
    if (closing !== undefined && messages.isIdle) socket.close(...closing)
  }

  socket.on('message', data => {
    liveness.sign()
    if (closing === undefined) messages.push(data as Buffer)
  })
  socket.once('close', keep)
  socket.on('pong', liveness.sign)

  return {
    keep,
    drain() {
      closing ??= [1001, 'the server is stopping']
      closeWhenIdle()
    },
    revoke() {
      closing ??= [4401, 'the credential has ended']
      for (const subscription of push.subscriptions.values()) subscription.end('permission_denied')
      closeWhenIdle()
    },
    check: liveness.check,
  }
}

/** Detects a client that is gone. */
function createLiveness(socket: WebSocket) {
  let missed = 0
  return {
    /** The client has been heard. */
    sign(): void {
      missed = 0
    },
    check(): void {
      // A paused socket cannot be heard; its client is waiting for us, unless it leaves answers unread.
      if (socket.isPaused && socket.bufferedAmount === 0) return
      missed += 1
      if (missed > missedChecks) socket.terminate()
      else if (socket.readyState === socket.OPEN) socket.ping()
    },
  }
}

/**
 * Handles a few messages of a socket at once. `handle` never rejects; `onHandled` is called each time one was
 * handled.
 */
function createMessageQueue(
  socket: WebSocket,
  handle: (message: Buffer) => Promise<void>,
  onHandled: () => void,
) {
  // Pausing the socket does not hold back messages that came in the same chunk.
  const waiting: Buffer[] = []
  let running = 0

  function startWaiting(): void {
    while (running < messagesAtOnce) {
      const message = waiting.shift()
      if (message === undefined) break
      running += 1
      void handle(message).then(finishOne)
    }
    if (running === messagesAtOnce) socket.pause()
    else socket.resume()
  }

  function finishOne(): void {
    running -= 1
    startWaiting()
    onHandled()
  }

  return {
    get isIdle() {
      return running === 0 && waiting.length === 0
    },
    push(message: Buffer): void {
      waiting.push(message)
      startWaiting()
    },
  }
}

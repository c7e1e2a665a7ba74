import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { AnswerMemory } from '../fairness/answer-memory.ts'
import { strangerAt } from '../fairness/behalf.ts'
import type { Logger } from '../logger.ts'
import type { RequestContext } from '../method/method.ts'
import { isRefusal, type LiveCaller } from '../permission/live-caller.ts'
import type { Endpoint } from '../rpc/endpoint.ts'
import { type Connection, serveConnection } from './connection.ts'
import type { GivenUp, UnfinishedBodies } from './unfinished-bodies.ts'
import { watchMessages } from './unfinished-message.ts'

export interface WebSocketOptions {
  readonly endpoint: Endpoint
  readonly answers: AnswerMemory
  readonly logger: Logger
  /** Follows the caller who presented this credential at the upgrade. */
  readonly follow: (bearer: string) => LiveCaller
  /** Time between two checks of a connection, in milliseconds. */
  readonly checkEveryMs?: number
  /** How long a connection may go on without a credential that holds, in milliseconds; default 10,000. */
  readonly strangerMs?: number
  /** Among what has not arrived whole messages are counted, too. */
  readonly unfinished: UnfinishedBodies
  /** Called with the reason a WebSocket is ended. */
  readonly onCutOff?: (reason: GivenUp | 'no_credential') => void
}

/** All open WebSocket connections. */
export interface WebSockets {
  /**
   * Serves JSON-RPC on `socket` until it closes; `upgrade` is the context of the request that opened it over
   * `beneath`.
   */
  accept(socket: WebSocket, upgrade: RequestContext, beneath: Writable): void
  /** Lets every connection finish what has arrived, then closes it with 1001. */
  drain(): void
  /** Terminates the connections still open. */
  close(): void
}

export function createWebSockets({
  endpoint,
  answers,
  logger,
  follow,
  checkEveryMs = 30_000,
  strangerMs = 10_000,
  unfinished,
  onCutOff = () => undefined,
}: WebSocketOptions): WebSockets {
  const connections = new Map<WebSocket, Connection>()
  let isDraining = false
  const timer = setInterval(() => {
    for (const connection of connections.values()) connection.check()
  }, checkEveryMs)
  return {
    accept(socket, upgrade, beneath) {
      const onStranger = () => onCutOff('no_credential')
      const connection = serveConnection({
        socket,
        beneath,
        upgrade,
        endpoint,
        answers,
        logger,
        strangerMs,
        onStranger,
      })
      watchMessages(socket, { unfinished, share: strangerAt(upgrade.address), onGivenUp: onCutOff })
      connections.set(socket, connection)
      if (upgrade.bearer !== undefined) endWith(follow(upgrade.bearer), socket, connection)
      socket.on('close', () => connections.delete(socket))
      if (isDraining) connection.drain()
    },
    drain() {
      isDraining = true
      for (const connection of connections.values()) connection.drain()
    },
    close() {
      clearInterval(timer)
      for (const socket of connections.keys()) socket.terminate()
    },
  }
}

/**
 * Closes a connection once the credential that it was opened with is gone; one that never held is answered
 * 102 each time.
 */
function endWith(caller: LiveCaller, socket: WebSocket, connection: Connection): void {
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const watch = () =>
    caller.during(
      () => undefined,
      () => closed,
    )
  caller
    .now()
    .then(
      () => {
        connection.keep()
        return watch()
      },
      () => undefined,
    )
    .catch(error => {
      // Looked up once more when it has closed already: whatever that says, nobody hears it.
      if (isRefusal(error)) connection.revoke()
    })
}

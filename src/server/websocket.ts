import type { WebSocket } from 'ws'
import type { Logger } from '../logger.ts'
import type { RequestContext } from '../method/method.ts'
import { type Connection, serveConnection } from './connection.ts'
import type { FrontDoor } from './front-door.ts'

export interface WebSocketOptions {
  readonly frontDoor: FrontDoor
  readonly logger: Logger
  /** Time between two checks of a connection, in milliseconds. */
  readonly checkEveryMs?: number
}

/** All open WebSocket connections. */
export interface WebSockets {
  /** Serves JSON-RPC on `socket` until it closes; `upgrade` is the context of the request that opened it. */
  accept(socket: WebSocket, upgrade: RequestContext): void
  /** Lets every connection finish what has arrived, then closes it with 1001. */
  drain(): void
  /** Cuts off what is still open. */
  close(): void
}

export function createWebSockets({ frontDoor, logger, checkEveryMs = 30_000 }: WebSocketOptions): WebSockets {
  const connections = new Map<WebSocket, Connection>()
  let isDraining = false
  const timer = setInterval(() => {
    for (const connection of connections.values()) connection.check()
  }, checkEveryMs)
  return {
    accept(socket, upgrade) {
      const connection = serveConnection({ socket, upgrade, frontDoor, logger })
      connections.set(socket, connection)
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

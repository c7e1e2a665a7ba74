import type { WebSocket } from 'ws'
import type { PushChannel, Pushed } from '../method/method.ts'

/** How often it is looked whether a client has read on. */
const lookMs = 20

/** Below this a client counts as having read. */
const fewBytes = 256 * 1024

/** What the server sends over a WebSocket without being asked. */
export function createPushChannel(socket: WebSocket): PushChannel {
  const subscriptions = new Map<string, Pushed>()
  socket.on('close', () => {
    for (const subscription of subscriptions.values()) subscription.close()
    subscriptions.clear()
  })
  return {
    subscriptions,
    send(text) {
      if (socket.readyState === socket.OPEN) socket.send(text)
    },
    unread: () => socket.bufferedAmount,
    async drained() {
      while (socket.readyState === socket.OPEN && socket.bufferedAmount > fewBytes) {
        await new Promise(resolve => setTimeout(resolve, lookMs))
      }
    },
  }
}

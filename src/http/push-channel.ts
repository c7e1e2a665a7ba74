import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { pause } from '../async/pause.ts'
import type { PushChannel, Pushed } from '../method/method.ts'
import { createPushFrames } from './push-frames.ts'

/** How often it is looked whether a client has read on. */
const lookMs = 20

/** Below this a client counts as having read. */
const fewBytes = 256 * 1024

/** What the server sends over a WebSocket without being asked; `beneath`: what the WebSocket writes to. */
export function createPushChannel(socket: WebSocket, beneath: Writable): PushChannel {
  const subscriptions = new Map<string, Pushed>()
  const isOpen = (): boolean => socket.readyState === socket.OPEN
  const frames = createPushFrames(beneath, isOpen)
  socket.on('close', () => {
    for (const subscription of subscriptions.values()) subscription.close()
    subscriptions.clear()
  })
  return {
    subscriptions,
    send(text) {
      frames.flush()
      if (isOpen()) socket.send(text)
    },
    splice: frames.add,
    unread: () => socket.bufferedAmount + frames.waiting(),
    async drained() {
      while (isOpen() && socket.bufferedAmount > fewBytes) {
        await pause(lookMs)
      }
    },
  }
}

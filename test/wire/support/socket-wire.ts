import { onTestFinished } from 'vitest'
import { openSocket } from './socket.ts'
import { createWire, type Sent, type Wire } from './wire.ts'

/** The same client over a WebSocket of its own, which is closed after the test. */
export async function overSocket({ app }: Wire, headers: Sent['headers'] = {}): Promise<Wire> {
  const socket = await openSocket(app.url, '/', { headers })
  onTestFinished(socket.close)
  return createWire(() => app, socket.ask)
}

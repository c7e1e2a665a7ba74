import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'

const patienceMs = 5000

/**
 * Reads what is left of a body and forgets it, for five seconds at most. A connection that is closed with bytes unread
 * is reset, and its client, still sending, may never see the answer.
 */
export async function discardRest(body: IncomingMessage): Promise<void> {
  body.resume()
  // However it ends, the answer comes next; a client that is gone does not mind.
  await finished(body, { writable: false, signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
}

/**
 * Receives what a sink sends: checks each signature as Standard Webhooks says, drops what it has seen, and prints the rest.
 *
 *   export WEBHOOK_SECRET=whsec_$(head -c 32 /dev/urandom | base64)
 *   npx node examples/webhook-receiver.ts
 *   echo "$WEBHOOK_SECRET" | npm run -s daybook -- sinks add alerts js-result is_failure \
 *     --webhook http://127.0.0.1:8080/ --secret-stdin
 *
 * A server delivers to a private address such as this one only where DAYBOOK_OUTBOUND_ALLOW names it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

interface Batch {
  readonly sink: string
  readonly resource: string
  readonly items: readonly {
    readonly sequence_number: number
    readonly row: { readonly js_worker_name: string; readonly error_message: string }
  }[]
}

const secret = process.env.WEBHOOK_SECRET ?? ''
if (!secret.startsWith('whsec_')) throw new Error('set WEBHOOK_SECRET to the secret of the sink, whsec_…')
const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
const toleranceSeconds = 300

function isSigned(headers: IncomingHttpHeaders, body: string): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  // An old request that somebody sends again is refused.
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest()
  return String(signatures)
    .split(' ')
    .filter(signature => signature.startsWith('v1,'))
    .map(signature => Buffer.from(signature.slice('v1,'.length), 'base64'))
    .some(given => given.length === expected.length && timingSafeEqual(given, expected))
}

// Delivery is at least once: after a crash the last batch may come again. A real receiver keeps this number with its data.
let lastSeen = 0

const server = createServer(async (request, response) => {
  const body = await text(request)
  if (!isSigned(request.headers, body)) {
    response.writeHead(401).end()
    return
  }
  const { items } = JSON.parse(body) as Batch
  for (const { sequence_number, row } of items) {
    if (sequence_number <= lastSeen) continue
    console.log(`${row.js_worker_name} failed: ${row.error_message}`)
    lastSeen = sequence_number
  }
  // Only now does the sink move on. Any other answer makes it send the batch again.
  response.writeHead(204).end()
})
server.listen(8080, '127.0.0.1', () => console.log('listening on http://127.0.0.1:8080/'))

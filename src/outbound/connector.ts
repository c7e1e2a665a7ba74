import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'

export interface ConnectorOptions {
  /** Checked; the connection goes to one of them and nowhere else. */
  readonly addresses: readonly string[]
  /** How much may come in over the connection in all. */
  readonly maxBytesRead: number
  /** Ends a connection attempt too. */
  readonly signal: AbortSignal
}

/** How long an address may take to accept before the next one of the same name is tried. */
const nextAddressMs = 1000

/** Makes undici's connections: no name is resolved here, and certificates are checked for the host of the URL. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    lookup: answerWith(options.addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressMs,
    // Otherwise an attempt would continue in the background after the request has ended.
    signal: options.signal,
    // Said here so that NODE_TLS_REJECT_UNAUTHORIZED cannot say otherwise.
    rejectUnauthorized: true,
    allowH2: false,
    maxCachedSessions: 0,
    timeout: 0,
  })
  return (target, callback) =>
    connect(target, (...made) => {
      if (made[1] !== null && made[1] !== undefined) endAfter(made[1], options.maxBytesRead)
      callback(...made)
    })
}

/** Stands in for the system's resolver, so that the connection goes to the checked addresses only. */
function answerWith(addresses: readonly string[]): LookupFunction {
  const found = addresses.map(address => ({ address, family: isIP(address) }))
  return (_hostname, _options, callback) => callback(null, found)
}

/** Else an endless status line or chunk extension, which no limit of undici counts, takes a core until the time-out. */
function endAfter(socket: Socket, maxBytesRead: number): void {
  socket.on('readable', () => {
    if (socket.bytesRead > maxBytesRead) socket.destroy(new AnswerTooLong())
  })
}

class AnswerTooLong extends Error {
  readonly code = 'ANSWER_TOO_LONG'
}

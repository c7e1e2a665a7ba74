import type { Server, Socket } from 'node:net'
import { createTally } from '../fairness/tally.ts'
import { shareAddress } from '../ip-address.ts'

export interface ConnectionLimits {
  /** Connections that are served. */
  readonly maxConnections: number
  /** Of one address; trusted proxies have no share. */
  readonly maxConnectionsPerAddress: number
}

export interface ConnectionsOptions extends ConnectionLimits {
  /** Whether an address is that of a proxy, behind which there are many. */
  readonly isProxy: (address: string) => boolean
  /** Called for each connection or request over a limit. */
  readonly onRefused: (reason: Overflow) => void
}

export type Overflow = 'share' | 'server'

/** The connections of a server, shared out by address. */
export interface Connections {
  readonly open: number
  /**
   * Why a socket is over a limit: it may ask for the server's state, and nothing else. Undefined: it is
   * served.
   */
  overflowOf(socket: Socket): Overflow | undefined
  /**
   * To be called when a request begins on a socket that is over a limit: from now on it is not closed for
   * another.
   */
  keep(socket: Socket): void
  /**
   * Counts what a proxy asks for `address` as a connection of that address, until what it answers is called.
   * Undefined: it has too many.
   */
  admit(address: string): (() => void) | undefined
}

/**
 * Sockets beyond the limits at once, in all and of one address: with one more, the oldest that has asked
 * nothing yet is closed.
 */
const reserve = 64
const reserveOfAddress = 16
/** Requests on a connection over the limit are short. */
const reserveMs = 15_000

interface Reserved {
  readonly address: string
  readonly reason: Overflow
  isBusy: boolean
}

/**
 * Watches the connections of `server`. Those over a limit are accepted all the same, a few at a time: were
 * they not, a health check could not get through.
 */
export function watchConnections(server: Server, options: ConnectionsOptions): Connections {
  const { maxConnections, maxConnectionsPerAddress, isProxy, onRefused } = options
  const counts = createTally<string>()
  const reserved = new Map<Socket, Reserved>()
  let open = 0

  function accept(socket: Socket): void {
    const peer = socket.remoteAddress ?? ''
    const address = shareAddress(peer)
    const isFull = open >= maxConnections
    const release = isFull || isProxy(peer) ? () => undefined : take(address)
    if (isFull || release === undefined) {
      acceptBeyond(socket, address, isFull ? 'server' : 'share')
      return
    }
    open++
    socket.once('close', () => {
      open--
      release()
    })
  }

  function take(address: string): (() => void) | undefined {
    if (counts.of(address) >= maxConnectionsPerAddress) return undefined
    counts.add(address, 1)
    return () => counts.add(address, -1)
  }

  function acceptBeyond(socket: Socket, address: string, reason: Overflow): void {
    onRefused(reason)
    if (!makeRoom(address)) {
      socket.destroy()
      return
    }
    reserved.set(socket, { address, reason, isBusy: false })
    const timer = setTimeout(() => socket.destroy(), reserveMs).unref()
    socket.once('close', () => {
      clearTimeout(timer)
      reserved.delete(socket)
    })
  }

  function makeRoom(address: string): boolean {
    const own = [...reserved].filter(([, each]) => each.address === address)
    const isCrowded = own.length >= reserveOfAddress
    if (!isCrowded && reserved.size < reserve) return true
    const oldest = (isCrowded ? own : [...reserved]).find(([, each]) => !each.isBusy)
    if (oldest === undefined) return false
    oldest[0].destroy()
    return reserved.delete(oldest[0])
  }

  // Those that are being closed count, too.
  server.maxConnections = maxConnections + 2 * reserve
  server.on('connection', accept)
  return {
    get open() {
      return open + reserved.size
    },
    overflowOf: socket => reserved.get(socket)?.reason,
    keep(socket) {
      const known = reserved.get(socket)
      if (known !== undefined) known.isBusy = true
    },
    admit: take,
  }
}

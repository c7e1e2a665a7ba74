import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A network between a client and a server that a test can cut. */
export interface Gateway {
  readonly url: string
  /** Ends every connection, and each new one, until it is mended. */
  cut(): void
  /** What is open stays open, and nothing comes through any more. */
  forget(): void
  /** The same, and each new connection is taken and never answered. */
  swallow(): void
  /** How many bytes a second of the server's come through on each new connection. */
  slow(rate: number): void
  /** Leads to the server at `url` from now on. */
  mend(url: string): void
  close(): Promise<void>
}

export async function openGateway(url: string): Promise<Gateway> {
  let target: string | undefined = url
  let rate: number | undefined
  let isSwallowing = false
  const sockets = new Set<Socket>()
  const pairs: (readonly [Socket, Socket])[] = []
  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  }
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer(inner => {
    track(inner)
    if (target === undefined) {
      inner.destroy()
      return
    }
    if (isSwallowing) return
    const { hostname, port } = new URL(target)
    const outer = track(connect(Number(port), hostname))
    inner.pipe(outer)
    if (rate === undefined) outer.pipe(inner)
    else outer.pipe(slowly(rate)).pipe(inner)
    pairs.push([inner, outer])
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
  })
  const forget = (): void => {
    for (const [inner, outer] of pairs.splice(0)) {
      inner.unpipe(outer).resume()
      outer.unpipe(inner).resume()
    }
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    cut() {
      target = undefined
      drop()
    },
    forget,
    swallow() {
      isSwallowing = true
      forget()
    },
    slow(bytes) {
      rate = bytes
    },
    mend(next) {
      target = next
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        drop()
      }),
  }
}

function slowly(rate: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => done(null, chunk), (chunk.length / rate) * 1000)
    },
  })
}

import { once } from 'node:events'
import { expect, onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { rpc } from '../wire/support/wire.ts'

/** What a server sent without being asked. */
export interface Push {
  readonly method: string
  readonly params: {
    readonly subscription: string
    readonly result: {
      readonly type: 'start' | 'row' | 'envelope' | 'heartbeat' | 'end'
      readonly cursor: string
      readonly number?: number
      readonly row?: Readonly<Record<string, unknown>>
      readonly envelope?: unknown
      readonly reason?: string
    }
  }
}

/** A WebSocket on which answers and pushes are told apart. */
export interface PushSocket {
  /** Everything that came, in order: answers and pushes. */
  readonly received: readonly unknown[]
  readonly pushes: readonly Push[]
  /** The close code, once it is closed. */
  readonly closed: Promise<number>
  /** The answer to one call. */
  call(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Sends any message; resolves to the next answer that is a list. */
  batch(requests: readonly object[]): Promise<readonly unknown[]>
  tell(message: unknown): void
  /** Stops reading, as a client does that hangs. */
  pause(): void
  terminate(): void
}

/** Opens one; it is cut off when the test ends. `params` of each call are laid over `defaults`. */
export async function openPushSocket(
  url: string,
  defaults: Readonly<Record<string, unknown>> = {},
  options: ClientOptions = {},
): Promise<PushSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), options)
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(([code]) => Number(code))
  const received: unknown[] = []
  const pushes: Push[] = []
  const waiting = new Map<unknown, (answer: unknown) => void>()
  socket.on('message', data => {
    const message = JSON.parse(String(data))
    received.push(message)
    if ('method' in message) pushes.push(message)
    else waiting.get(Array.isArray(message) ? 'batch' : message.id)?.(message)
  })
  await once(socket, 'open')
  let lastId = 0
  const answerTo = (id: unknown, message: unknown): Promise<unknown> =>
    new Promise(resolve => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify(message))
    })
  const opened: PushSocket = {
    received,
    pushes,
    closed,
    call(method, params) {
      const id = ++lastId
      return answerTo(id, rpc(method, { ...defaults, ...params }, id))
    },
    batch: requests => answerTo('batch', requests) as Promise<readonly unknown[]>,
    tell: message => socket.send(JSON.stringify(message)),
    pause: () => socket.pause(),
    terminate: () => socket.terminate(),
  }
  onTestFinished(() => opened.terminate())
  return opened
}

/** The answer to X_subscribe: the id of the subscription. */
export interface Subscribing {
  readonly result: string
}

/** The first push of this type to a subscription, once it has come. */
export async function untilPushed(
  socket: PushSocket,
  type: Push['params']['result']['type'],
  subscription?: string,
): Promise<Push['params']['result']> {
  const found = () =>
    socket.pushes.find(
      ({ params }) =>
        params.result.type === type && (subscription ?? params.subscription) === params.subscription,
    )
  await expect.poll(found, { interval: 10, timeout: 5000 }).toBeDefined()
  return (found() as Push).params.result
}

/** What was pushed of changes, in order: neither starts nor heartbeats nor ends. */
export function changesOf({ pushes }: PushSocket): readonly Push[] {
  return pushes.filter(({ params }) => params.result.number !== undefined)
}

/** The rows that were pushed to a subscription, in order. */
export function rowsOf({ pushes }: PushSocket, subscription?: string) {
  return pushes.flatMap(({ params }) =>
    params.result.row === undefined || (subscription ?? params.subscription) !== params.subscription
      ? []
      : [params.result.row],
  )
}

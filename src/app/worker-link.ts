import cluster from 'node:cluster'

/** What a worker reports once it serves. */
export interface Served {
  readonly url: string
  /** `key:secret`, only of the start that made it. */
  readonly superToken?: string | undefined
}

/**
 * From a worker to its supervisor: a request for the other workers' metrics carries the `id` of its answer.
 */
export type WorkerMessage =
  | ({ readonly type: 'served' } & Served)
  | { readonly type: 'ask'; readonly id: number }
  | { readonly type: 'told'; readonly id: number; readonly readings: unknown }

/** From the supervisor to a worker. */
export type KeeperMessage =
  | { readonly type: 'retire' }
  | { readonly type: 'tell'; readonly id: number }
  | { readonly type: 'gathered'; readonly id: number; readonly readings: readonly unknown[] }

/** A `serve --workers` worker's connection to the others. */
export interface WorkerLink {
  /** Its number; a replacement gets the same one. */
  readonly number: number
  served(served: Served): void
  /** Resolves when another has taken its place. */
  readonly retired: Promise<void>
  /** The other workers' metrics; those that do not answer in time are left out. */
  others(): Promise<readonly unknown[]>
  /** From now on it answers when another asks. */
  answerWith(read: () => Promise<unknown>): void
  /** Ends the process, which the link would keep. */
  leave(): void
}

/** Makes this process the worker `number` of the process that has started it. */
export function linkWorker(number: number): WorkerLink {
  if (!cluster.isWorker) throw new Error('only serve --workers starts workers')
  const retired = Promise.withResolvers<void>()
  const asked = new Map<number, (readings: readonly unknown[]) => void>()
  let lastId = 0
  let read: (() => Promise<unknown>) | undefined

  process.on('message', async (message: KeeperMessage) => {
    if (message.type === 'retire') return retired.resolve()
    if (message.type === 'tell') {
      const readings = await read?.().catch(() => undefined)
      return send({ type: 'told', id: message.id, readings })
    }
    asked.get(message.id)?.(message.readings)
    asked.delete(message.id)
  })
  // Closing a terminal signals all processes; the supervisor decides what follows.
  process.on('SIGHUP', () => undefined)

  return {
    number,
    served: ({ url, superToken }) => send({ type: 'served', url, superToken }),
    retired: retired.promise,
    others() {
      const id = ++lastId
      const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
      asked.set(id, resolve)
      send({ type: 'ask', id })
      return promise
    },
    answerWith(given) {
      read = given
    },
    leave() {
      if (process.connected) process.disconnect()
    },
  }
}

function send(message: WorkerMessage): void {
  // Without its supervisor this process is about to end.
  process.send?.(message, undefined, undefined, () => undefined)
}

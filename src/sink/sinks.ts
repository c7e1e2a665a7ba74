import { coalesce } from '../async/coalesce.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import { createStore } from '../definition/store.ts'
import type { Sealer } from '../seal.ts'
import { releaseSink, seeSinks, takeSink } from './claim.ts'
import type { Destination } from './destination.ts'
import { type FileDeps, fileDestination } from './file.ts'
import { natsDestination } from './nats.ts'
import { sink as definition, type StoredSink } from './sink.ts'
import { type WebhookDeps, webhookDestination } from './webhook.ts'
import { type SinkWorker, startSinkWorker, type WorkerDeps } from './worker.ts'

/** This server's part in sending changes out. */
export interface Sinks {
  /**
   * Allows this many milliseconds for confirming batches under way, then leaves the sinks to other servers.
   */
  close(graceMs: number): Promise<void>
}

export interface SinksOptions extends Omit<WorkerDeps, 'database' | 'open'>, WebhookDeps, FileDeps {
  readonly database: Database
  readonly sealer: Sealer
  /** The lease this server works under; another name once that lease is lost. */
  owner(): string
}

/** A sink that was paused may still have a batch confirmed in this time. */
const pauseGraceMs = 700

interface Held {
  readonly owner: string
  readonly worker: SinkWorker
  /** Resolves once it has ended and the sink is free. */
  readonly done: Promise<void>
  isEnding: boolean
}

/** Works on the sinks that no other server works on, each in order and from where the last server stopped. */
export async function startSinks(options: SinksOptions): Promise<Sinks> {
  const { database, sealer, owner, onError } = options
  const store = createStore(definition, sealer)
  const held = new Map<number, Held>()
  const looking = coalesce(lookOver, onError)
  let closed = false

  async function lookOver(): Promise<void> {
    const me = owner()
    const seen = await seeSinks(database, me)
    const here = new Map(seen.map(each => [each.id, each]))
    for (const [id, { owner: holder }] of held) {
      const sink = here.get(id)
      // Claimed by another server, redefined, or deleted: nothing under way can be confirmed.
      if (sink?.isMine !== true || holder !== me) end(id, 0)
      else if (!sink.isRunning) end(id, pauseGraceMs)
    }
    for (const { id, isRunning, isMine, isFree } of seen) {
      if (!isRunning || !(isMine || isFree) || held.has(id) || closed) continue
      await begin(id, me)
    }
  }

  async function begin(id: number, me: string): Promise<void> {
    const taken = await takeSink(database, store, { id, owner: me })
    if (taken === undefined) return
    const worker = startSinkWorker(taken, me, { ...options, open: sink => destinationOf(sink, options) })
    const done = worker.ended
      .then(() => releaseSink(database, id, me))
      .catch(onError)
      .finally(() => {
        held.delete(id)
        looking.run()
      })
    held.set(id, { owner: me, worker, done, isEnding: false })
  }

  function end(id: number, graceMs: number): void {
    const ending = held.get(id)
    if (ending === undefined || ending.isEnding) return
    ending.isEnding = true
    void ending.worker.stop(graceMs)
  }

  const wake = (): void => {
    for (const { worker } of held.values()) worker.wake()
  }
  const listening = [
    await database.listen(channels.sink, looking.run),
    await database.listen(channels.numbered, wake),
  ]
  const stopAsking = database.everySecond('exists (select from sink)', isAny => {
    if (isAny === true || held.size > 0) looking.run()
  })
  looking.run()

  return {
    async close(graceMs) {
      closed = true
      stopAsking()
      await looking.stop()
      for (const stop of listening) await stop()
      await Promise.all(
        [...held.values()].map(async ({ worker, done }) => {
          await worker.stop(graceMs)
          await done
        }),
      )
    },
  }
}

function destinationOf(sink: StoredSink, deps: WebhookDeps & FileDeps): Destination {
  const { webhook, nats, file } = sink.target
  if (webhook !== undefined) return webhookDestination(sink, webhook, deps)
  if (nats !== undefined) return natsDestination(sink, nats)
  if (file !== undefined) return fileDestination(sink, file, deps)
  throw new TypeError('a stored target has a kind')
}

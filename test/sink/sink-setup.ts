import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import type { Database } from '../../src/database/database.ts'
import { createStore } from '../../src/definition/store.ts'
import { takeServerLease } from '../../src/event/run/server-lease.ts'
import { createOutbound } from '../../src/outbound/outbound.ts'
import { createWebhooks, newWebhookSecret } from '../../src/outbound/webhook.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { createSealer } from '../../src/seal.ts'
import { type StoredSink, sink } from '../../src/sink/sink.ts'
import { startSinks } from '../../src/sink/sinks.ts'
import type { WebhookSink } from '../../src/sink/target.ts'
import { createChangeLog } from '../../src/stream/change-log.ts'
import { bodyOf, listenHttp } from '../outbound/listener.ts'

export const sealer = createSealer('s'.repeat(32))
export const store = createStore(sink, sealer)

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-sink-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface SinkServer {
  /** The name of its lease. */
  owner(): string
  /** The sinks whose deliveries failed here. */
  readonly failures: string[]
  readonly errors: unknown[]
  /** Stops, as a server does. */
  close(graceMs?: number): Promise<void>
  /** Gives up its lease alone: others take its sinks while it goes on. */
  loseLease(): Promise<void>
}

/** What one server does with sinks; it ends with the test. */
export async function startSinkServer(database: Database, dataDir = '/nowhere'): Promise<SinkServer> {
  const failures: string[] = []
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const lease = await takeServerLease({ database, leaseMs: 60_000, onLost: () => undefined, onError })
  const outbound = createOutbound({ allow: ['127.0.0.1'] })
  const sinks = await startSinks({
    database,
    sealer,
    clock: systemClock,
    resources,
    log: createChangeLog(database),
    webhooks: createWebhooks({ outbound }),
    dataDir,
    owner: lease.id,
    onFailure: name => failures.push(name),
    onError,
  })
  let closing: Promise<void> | undefined
  const close = (graceMs = 1000): Promise<void> => {
    closing ??= sinks.close(graceMs).then(async () => {
      await lease.close()
      await outbound.close()
    })
    return closing
  }
  onTestFinished(() => close())
  return { owner: lease.id, failures, errors, close, loseLease: lease.close }
}

/** Stores a sink for the js-results of the worker of its name, which no other test has. */
export async function makeSink(
  database: Database,
  webhook: WebhookSink,
  rest: Partial<StoredSink> = {},
): Promise<StoredSink> {
  const name = rest.name ?? `s-${randomUUID()}`
  const resource = rest.resource ?? 'js-result'
  const declared = resources.find(each => each.name === resource)
  if (declared === undefined) throw new Error(`no resource ${resource}`)
  const cursor = await createChangeLog(database).position(declared)
  const made: Partial<StoredSink> = {
    name,
    resource,
    query: { condition: [{ js_worker_name: name }] },
    target: { webhook },
    format: 'row',
    batch_size: 10,
    state: 'running',
    cursor,
    ...rest,
  }
  await store.insert(database, made, systemClock())
  return stored(database, name)
}

export async function stored(database: Database, name: string): Promise<StoredSink> {
  const found = await store.find(database, name)
  if (found === undefined) throw new Error(`no sink ${name}`)
  return found
}

/** Waits until the stored sink fulfils the test. */
export function whenSink(
  database: Database,
  name: string,
  test: (sink: StoredSink) => boolean,
  timeout = 10_000,
): Promise<StoredSink> {
  return vi.waitUntil(
    async () => {
      const sink = await stored(database, name)
      return test(sink) && sink
    },
    { timeout, interval: 10 },
  )
}

/** Records `count` js-results of a worker, whose params are numbered from `from`, and numbers their changes. */
export async function record(database: Database, worker: string, count: number, from = 1): Promise<void> {
  const rows = Array.from({ length: count }, (_, i) => ({
    js_worker_name: worker,
    run_type: 'call',
    param: JSON.stringify({ n: from + i }),
  }))
  await database.kysely.insertInto('js_result').values(rows).execute()
  await numberChanges(database)
}

export async function numberChanges(database: Database): Promise<void> {
  await database.run({ name: undefined, sql: 'select number_changes(1000)', parameters: [] }, [])
}

export interface ReceivedItem {
  readonly sequence_number: number
  readonly row: { readonly js_worker_name: string; readonly param: { readonly n: number } }
}

/** One post as its receiver saw it. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: { readonly sink: string; readonly resource: string; readonly items: readonly ReceivedItem[] }
  /** What it was answered with. */
  status: number
}

export interface Receiver {
  readonly posts: Post[]
  readonly target: WebhookSink
  /** The `n` of each item that was confirmed, in order. */
  confirmed(): readonly number[]
}

/** Takes posts for as long as the test runs, and answers with what `answer` says; 200 by default. */
export async function startReceiver(
  answer: (post: Post, index: number) => number | Promise<number> = () => 200,
): Promise<Receiver> {
  const posts: Post[] = []
  const { port } = await listenHttp(async (request, response) => {
    const text = await bodyOf(request)
    const headers = request.headers as Record<string, string>
    const post: Post = { headers, text, body: JSON.parse(text), status: 0 }
    const index = posts.push(post) - 1
    post.status = await answer(post, index)
    response.writeHead(post.status).end()
  })
  return {
    posts,
    target: { url: `http://127.0.0.1:${port}/`, secret: newWebhookSecret(), headers: {} },
    confirmed: () =>
      posts
        .filter(post => post.status === 200)
        .flatMap(post => post.body.items.map(item => item.row.param.n)),
  }
}

/** 1 to `count`. */
export function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

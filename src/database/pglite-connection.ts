import { AsyncLocalStorage } from 'node:async_hooks'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, type PoolClient } from 'pg'
import type { RpcError } from '../errors.ts'
import { columnParsers } from './column-value.ts'
import { databaseFault, stateError } from './database-error.ts'
import { type EngineThread, type Loss, startEngineThread } from './engine-thread.ts'
import { pgTypes } from './postgres-pool.ts'
import { describeError } from './start-error.ts'
import type { Wakes } from './wakes.ts'

/** The one connection to the embedded engine. It is asked for by one at a time, see Gate, and closed when it is free. */
export interface PGliteConnection {
  connect(): Promise<PoolClient>
  /** The same, for statements without a time limit. */
  connectForLong(): Promise<PoolClient>
  close(): Promise<void>
}

export interface PGliteConnectionOptions {
  readonly dataDir: string | undefined
  /** Is handed over. */
  readonly snapshot: ArrayBuffer | undefined
  readonly statementTimeoutMs: number | undefined
  /** Those who listen. */
  readonly wakes: Wakes
  /** The engine was opened again, `why` is for the operator. */
  onReopened(why: string): void
  /** The connection is refused from now on. */
  onFatal(error: Error): void
}

/** Throws Error, in words for the operator, when the engine cannot be opened. */
export async function openPGliteConnection(options: PGliteConnectionOptions): Promise<PGliteConnection> {
  const engine = await openEngine(options)

  async function connect(limit: number | undefined): Promise<PoolClient> {
    const source = engine.current()
    const { client, thread } = await source
    thread.setLimit(limit)
    const release = (broken?: Error | boolean): void => {
      thread.setLimit(undefined)
      if (broken !== undefined && broken !== false) engine.replaceClient(source)
    }
    return Object.assign(client, { release }) as PoolClient
  }

  return {
    connect: () => connect(options.statementTimeoutMs),
    connectForLong: () => connect(undefined),
    close: engine.close,
  }
}

interface Opened {
  readonly thread: EngineThread
  readonly client: Client
}

/** The engine and its client; it is opened again after a statement that was late. */
async function openEngine(options: PGliteConnectionOptions) {
  const { dataDir, statementTimeoutMs: limitMs, onFatal } = options
  // What follows from a statement that was late must not count as part of its request.
  const outside = AsyncLocalStorage.snapshot()
  // A failure while it opens is the opener's to handle: two engines in one folder would destroy it.
  let isOpening = true
  let opened = await open(options.snapshot)
  let current = Promise.resolve(opened)

  async function open(snapshot: ArrayBuffer | undefined): Promise<Opened> {
    const thread = await startEngineThread({ dataDir, snapshot, onLost: loss => outside(lose, loss) })
    try {
      const client = await openClient(thread, options)
      isOpening = false
      return { thread, client }
    } catch (error) {
      await thread.close()
      throw error
    }
  }

  function lose(loss: Loss): Error {
    const reason = loss.kind === 'late' ? `a statement took longer than ${limitMs} ms` : loss.text
    const error = errorOf(loss, new Error(reason))
    if (isOpening) return error
    if (loss.kind === 'crashed') use(fail(`has crashed: ${reason}`, error))
    else if (dataDir === undefined) use(fail(`was in memory, and is lost: ${reason}`))
    else use(reopen(dataDir, reason))
    return error
  }

  async function reopen(folder: string, reason: string): Promise<Opened> {
    isOpening = true
    for (let attempt = 1; ; attempt++) {
      try {
        // PGlite would make a missing folder, empty.
        await access(join(folder, 'PG_VERSION'))
        opened = await open(undefined)
        options.onReopened(`the embedded database was opened again: ${reason}`)
        // A notification may have been missed.
        options.wakes.wakeAll()
        return opened
      } catch (error) {
        if (attempt === reopenAttempts)
          return fail(`cannot be opened again: ${describeError(error)}; ${reason}`)
      }
    }
  }

  async function fail(how: string, error = databaseFault('engine_crashed')): Promise<never> {
    onFatal(new Error(`the embedded database ${how}`))
    throw error
  }

  function use(next: Promise<Opened>): void {
    current = next
    // The next one who asks for it is told.
    next.catch(() => undefined)
  }

  async function openAnotherClient(): Promise<Opened> {
    const { thread } = opened
    return { thread, client: await openClient(thread, options) }
  }

  return {
    /** Rejects with RpcError when the engine is gone for good. */
    current: () => current,
    /** Opens another client, unless what is `used` is replaced already. */
    replaceClient(used: Promise<Opened>): void {
      if (current === used) use(openAnotherClient())
    },
    async close(): Promise<void> {
      await current.catch(() => undefined)
      await opened.thread.close()
    },
  }
}

/** How often the engine is opened again after a late statement before the process gives up. */
const reopenAttempts = 2

async function openClient(thread: EngineThread, options: PGliteConnectionOptions): Promise<Client> {
  const client = new Client({
    stream: () => thread.connect(),
    ssl: false,
    user: 'postgres',
    database: 'postgres',
    pipeline: true,
    types: pgTypes(columnParsers),
  })
  // What waits for an answer is told.
  client.on('error', () => undefined)
  client.on('notification', ({ channel }) => options.wakes.wake(channel))
  await client.connect()
  // The engine has one session: the client before this one left its statements there.
  await client.query('discard all')
  for (const channel of options.wakes.channels()) await client.query(`listen ${channel}`)
  return client
}

function errorOf({ kind }: Loss, cause: Error): RpcError {
  if (kind === 'late') return stateError('57014', cause)
  // PostgreSQL cannot go on without its write-ahead log.
  if (/No space left on device/.test(cause.message)) return stateError('53100', cause)
  return databaseFault('engine_crashed')
}

import { gcsRoute } from '../compat/gcs/route.ts'
import { jitaiMethods } from '../compat/jitai/methods.ts'
import { modelartsRoutes } from '../compat/modelarts/routes.ts'
import { nodegetMethods } from '../compat/nodeget/methods.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { deafness, hearsItself } from '../database/hearing.ts'
import { migrate, pendingMigrations } from '../database/migrate.ts'
import { openDatabase } from '../database/open.ts'
import { startPartitionUpkeep } from '../database/partition-upkeep.ts'
import type { Logger } from '../logger.ts'
import { createMethods } from '../method/index.ts'
import { callAs } from '../method/invoke.ts'
import type { Method } from '../method/method.ts'
import { nobody } from '../permission/grant.ts'
import { createFollow } from '../permission/live-caller.ts'
import { startRetention } from '../retention/retention.ts'
import { type AppContext, type ContextParts, createContext, type ServerConfig } from './context.ts'
import { type Events, startEvents } from './events.ts'
import { startMachine } from './machine.ts'
import { startServerMonitors } from './monitors.ts'
import { type ServerOptions, startServer } from './serve.ts'
import { type ServerSinks, startServerSinks } from './sinks.ts'
import { type Stream, startStream } from './stream.ts'

export interface RunningApp {
  /** Where it listens, e.g. `http://127.0.0.1:7411`. */
  readonly url: string
  /** `key:secret`, only if this start created it: it cannot be retrieved later. */
  readonly superToken?: string
  /** Leaves its port to the other processes listening there, then closes without dropping requests. */
  retire(): Promise<void>
  /** Stops taking requests, finishes what runs, and closes what was opened. */
  close(): Promise<void>
}

export interface AppParts extends ContextParts {
  /** Called when the embedded database has stopped answering for good: the process should exit. */
  readonly onFatal?: (error: Error) => void
}

/** Opens the database, migrates it and serves. Throws if anything keeps the server from starting. */
export async function startApp(given: Config, logger: Logger, parts: AppParts = {}): Promise<RunningApp> {
  const config: ServerConfig = { ...given, worker: parts.link?.number }
  const { databaseUrl: url, databaseReadUrl: readUrl, data: dataDir, poolMax, statementTimeoutMs } = config
  const database = await openDatabase({
    url,
    readUrl,
    readMaxLagMs: config.databaseReadMaxLagMs,
    listenUrl: config.databaseListenUrl,
    prepare: config.databasePrepare === 'on',
    dataDir,
    poolMax,
    statementTimeoutMs,
    onError: error => logger.warn({ err: error }, 'the database connection failed'),
    onFatal: parts.onFatal,
  })
  try {
    // The choice may come from a variable shared with other programs, such as PGHOST.
    logger.info({ engine: database.engine }, 'opened the database')
    const { applied } = await migrate(database)
    if (applied.length > 0) logger.info({ applied }, 'migrated the database')
    if (database.engine === 'postgres') void warnOfDeafness(database, logger)
    return await serveDatabase(config, logger, database, parts)
  } catch (error) {
    await database.close()
    throw error
  }
}

async function warnOfDeafness(database: Database, logger: Logger): Promise<void> {
  // A database that fails or is closed in the meantime is reported elsewhere.
  const isHeard = await hearsItself(database).catch(() => true)
  if (!isHeard) logger.warn(deafness)
}

async function serveDatabase(
  config: ServerConfig,
  logger: Logger,
  database: Database,
  parts: AppParts,
): Promise<RunningApp> {
  const context = await createContext(config, logger, database, parts)
  const { metrics, authenticator, records, created, often, refusals, onError } = context
  const closing: (() => Promise<void>)[] = [authenticator.close, often.close]
  try {
    const events = await startEvents(context, (name, params, ask, credential) =>
      callAs(ask, methods, name, params, {
        narrow: credential ? authenticator.authenticate : undefined,
        refusals,
      }),
    )
    closing.push(() => events.close(config.drainMs))
    const stream = await startStream(context)
    closing.push(stream.close)
    const sinks = await startServerSinks(context, stream.hub.log, events.service.owner)
    closing.push(sinks.close)
    const monitors = startServerMonitors(context, events.service)
    const closeMonitors = () => monitors.close(config.drainMs)
    closing.push(closeMonitors)
    const retention = startRetention({
      ...records,
      keepMs: config.streamKeepMs,
      sinkKeepMs: config.sinkKeepMs,
      eventKeepMs: config.changeEventKeepMs,
      onExpired: (resource, rows) => metrics.countRows(resource, 'expired', rows),
      onError: onError('deleting what is old'),
    })
    closing.push(retention.close)
    const { partitionRows } = config
    const partitions = startPartitionUpkeep({
      database,
      partitionRows,
      onError: onError('the upkeep of ranges'),
    })
    closing.push(partitions.stop)
    const methods: readonly Method[] = methodsOf(context, events, stream, sinks)
    const server = await startServer(serverOptionsOf(context, methods, events, stream))
    const machine = await startMachine(context, events.service, server.url)
    async function closeAll(): Promise<void> {
      // First what sends events, and sinks: they work under the lease that the events give up.
      const stopWork = Promise.all([sinks.close(), closeMonitors()]).then(() => events.close(config.drainMs))
      // At the same time: a request may wait for a run, and a script for a request.
      await Promise.all([server.close(), stopWork, retention.close(), partitions.stop()])
      await machine.close()
      // Last: changes made by the final runs are numbered, too.
      await stream.close()
      await often.close()
      await authenticator.close()
      await database.close()
    }
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => {
      closed ??= closeAll()
      return closed
    }
    return {
      url: server.url,
      ...(created && { superToken: `${created.key}:${created.secret}` }),
      retire: () => server.retire().then(close),
      close,
    }
  } catch (error) {
    for (const close of closing.reverse()) await close()
    throw error
  }
}

function methodsOf(
  context: AppContext,
  events: Events,
  stream: Stream,
  sinks: ServerSinks,
): readonly Method[] {
  const { config, records, tokens, version } = context
  return createMethods({
    records,
    subscribe: {
      hub: stream.hub,
      maxConditions: config.maxConditions,
      maxSubscriptions: config.maxSubscriptions,
    },
    tickets: stream.tickets,
    events: events.methodDeps,
    sinks: sinks.methodDeps,
    token: tokens,
    compat: [
      ...nodegetMethods({ database: records.database, version }),
      ...jitaiMethods({ records, sender: events.service.sender, timezone: config.timezone }),
    ],
    version,
  })
}

function serverOptionsOf(
  { config, database, authenticator, refusals, clock, records, logger, metrics }: AppContext,
  methods: readonly Method[],
  events: Events,
  { hub, tickets }: Stream,
): ServerOptions {
  return {
    config,
    methods,
    authenticate: authenticator.authenticate,
    refusals,
    follow: createFollow({ onChange: authenticator.onChange, clock }),
    probes: { ping: database.ping, pendingMigrations: () => pendingMigrations(database) },
    stream: {
      hub,
      tickets,
      database,
      maxConditions: config.maxConditions,
      maxStreams: config.maxConnections,
    },
    exports: { records },
    workerRoute: { database, scripts: events.service.scripts },
    restRoutes: [...modelartsRoutes(records), gcsRoute(records)],
    openrpc: () => callAs(async () => nobody, methods, 'rpc.discover', {}),
    logger,
    metrics,
  }
}

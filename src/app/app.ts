import { systemClock } from '../async/clock.ts'
import { jitaiMethods } from '../compat/jitai.ts'
import { restRoutes } from '../compat/rest-routes.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { deafness, hearsItself } from '../database/hearing.ts'
import { migrate, pendingMigrations } from '../database/migrate.ts'
import { openDatabase } from '../database/open.ts'
import { startPartitionUpkeep } from '../database/partition-upkeep.ts'
import { createStatementCache } from '../database/statement-cache.ts'
import { readTableSizes } from '../database/table-sizes.ts'
import type { Logger } from '../logger.ts'
import { createMethods } from '../method/index.ts'
import { callAs } from '../method/invoke.ts'
import type { Method } from '../method/method.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import type { KeyAndSecret } from '../permission/credential.ts'
import { nobody } from '../permission/grant.ts'
import { createJwts } from '../permission/jwt.ts'
import { createFollow } from '../permission/live-caller.ts'
import { createPasswords, type ScryptCost } from '../permission/password.ts'
import { startRetention } from '../retention/retention.ts'
import { createAuthenticator } from '../token/authenticator.ts'
import { ensureSuperToken } from '../token/first-start.ts'
import { loadServerSecrets } from '../token/server-secrets.ts'
import { writeTokenFile } from '../token/token-file.ts'
import { programVersion } from '../version.ts'
import { startEvents } from './events.ts'
import { type ServerConfig, startMachine } from './machine.ts'
import { startServer } from './serve.ts'
import { startServerSinks } from './sinks.ts'
import { startStream } from './stream.ts'
import type { WorkerLink } from './worker-link.ts'

export interface RunningApp {
  /** Where it listens, e.g. `http://127.0.0.1:7411`. */
  readonly url: string
  /** `key:secret`, only when this start created it: nobody can ask for it later. */
  readonly superToken?: string
  /** Leaves its port to the other processes that listen there, and then closes: nobody notices. */
  retire(): Promise<void>
  /** Stops taking requests, finishes what runs, and closes what was opened. */
  close(): Promise<void>
}

export interface AppParts {
  /** What hashing a password costs; absent: what is safe at rest. */
  readonly passwordCost?: ScryptCost
  /** Told when the embedded database will not answer any more: the process should end. */
  readonly onFatal?: (error: Error) => void
  /** Where this server is one of several workers of a port. */
  readonly link?: WorkerLink
}

/** Opens the database, brings it up to date and serves. Throws for whatever keeps the server from starting. */
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
    // Which it is may follow from a variable that other programs share, such as PGHOST.
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
  // A database that fails, or is closed meanwhile, is told of elsewhere.
  const isHeard = await hearsItself(database).catch(() => true)
  if (!isHeard) logger.warn(deafness)
}

async function serveDatabase(
  config: ServerConfig,
  logger: Logger,
  database: Database,
  { passwordCost, link }: AppParts,
): Promise<RunningApp> {
  const clock = systemClock
  const version = programVersion()
  const metrics = createMetrics(link)
  metrics.watchPool(database.stats)
  metrics.watchTables(() => readTableSizes(database))
  if (database.replica !== undefined) metrics.watchReplica(database.replica)
  const { pepper, jwtSecret, sealingKey } = await loadServerSecrets(database, config)
  const save = (token: KeyAndSecret): Promise<string> => writeTokenFile(config.data, token)
  const { created } = await ensureSuperToken({ database, pepper, superToken: config.superToken, save })

  const jwts = createJwts({
    secret: jwtSecret,
    publicKey: config.jwtPublicKey,
    issuer: config.jwtIssuer,
    clock,
  })
  const passwords = createPasswords({ clock, ...(passwordCost && { cost: passwordCost }) })
  const authenticator = await createAuthenticator({
    database,
    jwts,
    passwords,
    pepper,
    clock,
    onLookup: isHit => metrics.countLookup('credential', isHit),
    onRefused: metrics.countRefusedCredential,
  })
  const log = logDeps(config, database, metrics)
  const closing: (() => Promise<void>)[] = [authenticator.close]
  try {
    const events = await startEvents({
      config,
      logger,
      metrics,
      database,
      authenticator,
      sealingKey,
      version,
      log,
      callMethod: (name, params, ask, credential) =>
        callAs(ask, methods, name, params, credential && authenticator.authenticate),
    })
    closing.push(() => events.close(config.drainMs))
    const stream = await startStream({
      database,
      authenticator,
      logger,
      metrics,
      sealingKey,
      clock,
      limits: { token: config.maxTokenMatchCost, server: config.maxMatchCost },
    })
    closing.push(stream.close)
    const sinks = await startServerSinks({
      config,
      logger,
      metrics,
      database,
      sealingKey,
      version,
      changes: stream.hub.log,
      owner: events.engine.owner,
    })
    closing.push(sinks.close)
    const retention = startRetention({
      ...log,
      keepMs: config.streamKeepMs,
      sinkKeepMs: config.sinkKeepMs,
      eventKeepMs: config.changeEventKeepMs,
      onExpired: (resource, rows) => metrics.countRows(resource, 'expired', rows),
      onError: error => logger.error({ err: error }, 'deleting what is old failed'),
    })
    closing.push(retention.close)
    const partitions = startPartitionUpkeep({
      database,
      partitionRows: config.partitionRows,
      onError: error => logger.error({ err: error }, 'the upkeep of ranges failed'),
    })
    closing.push(partitions.stop)
    const methods: readonly Method[] = createMethods({
      log,
      subscribe: { hub: stream.hub, log, maxSubscriptions: config.maxSubscriptions },
      tickets: stream.tickets,
      events: events.methodDeps,
      sinks: sinks.methodDeps,
      token: { database, authenticator, jwts, passwords, pepper, saveSuperToken: save },
      dialects: jitaiMethods({ log, sender: events.engine.sender, timezone: config.timezone }),
      version,
    })
    const server = await startServer({
      config,
      methods,
      authenticate: authenticator.authenticate,
      follow: createFollow({ onChange: authenticator.onChange, clock }),
      probes: { ping: database.ping, pendingMigrations: () => pendingMigrations(database) },
      stream: { hub: stream.hub, tickets: stream.tickets, log, maxStreams: config.maxConnections },
      exports: { log },
      workerRoute: { database, runner: events.engine.scripts },
      restRoutes: restRoutes(log, (name, params, identity) =>
        callAs(async () => identity, methods, name, params),
      ),
      openrpc: () => callAs(async () => nobody, methods, 'rpc.discover', {}),
      logger,
      metrics,
    })
    const machine = await startMachine({ config, logger, database, engine: events.engine, url: server.url })
    async function closeAll(): Promise<void> {
      // Sinks first: they work under the lease that the events give up.
      const stopWork = sinks.close().then(() => events.close(config.drainMs))
      // At the same time: a request may wait for a run, and a script for a request.
      await Promise.all([server.close(), stopWork, retention.close(), partitions.stop()])
      await machine.close()
      // Last: what the runs that ended have changed gets its numbers, too.
      await stream.close()
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

function logDeps(config: Config, database: Database, metrics: Metrics) {
  return {
    database,
    cache: createStatementCache({ onLookup: isHit => metrics.countLookup('statement', isHit) }),
    clock: systemClock,
    maxConditions: config.maxConditions,
    maxAnswerBytes: config.maxAnswerBytes,
    partitionRows: config.partitionRows,
    onRows: metrics.countRows,
  }
}

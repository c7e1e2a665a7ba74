import { systemClock } from '../async/clock.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { Logger } from '../logger.ts'
import type { SinkMethodDeps } from '../method/sink.ts'
import type { Metrics } from '../metrics.ts'
import { createOutbound } from '../outbound/outbound.ts'
import { createWebhooks } from '../outbound/webhook.ts'
import { resources } from '../resource/kind/index.ts'
import { createSealer } from '../seal.ts'
import { startSinks } from '../sink/sinks.ts'
import { sinkLags } from '../sink/status.ts'
import type { ChangeLog } from '../stream/change-log.ts'

export interface ServerSinksOptions {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'countSinkError' | 'watchSinks'>
  readonly database: Database
  readonly sealingKey: string
  readonly version: string
  readonly changes: ChangeLog
  /** Under which lease this server works. */
  owner(): string
}

/** What sends changes out on this server, and what its methods need. */
export interface ServerSinks {
  readonly methodDeps: SinkMethodDeps
  /** To be called while this server still holds its lease: else another one might send the same. */
  close(): Promise<void>
}

/** A target that does not answer may hold up a stop for so long. */
const maxGraceMs = 5000

export async function startServerSinks(options: ServerSinksOptions): Promise<ServerSinks> {
  const { config, logger, metrics, database, version, changes } = options
  const clock = systemClock
  const sealer = createSealer(options.sealingKey)
  const outbound = createOutbound({ allow: config.outboundAllow })
  const sinks = await startSinks({
    database,
    sealer,
    clock,
    resources,
    log: changes,
    webhooks: createWebhooks({ outbound, version }),
    dataDir: config.data,
    owner: options.owner,
    onFailure: metrics.countSinkError,
    onError: error => logger.error({ err: error }, 'a sink failed'),
  })
  metrics.watchSinks(() => sinkLags(database, resources))
  return {
    methodDeps: {
      database,
      sealer,
      clock,
      changes,
      maxConditions: config.maxConditions,
      outboundAllow: config.outboundAllow,
    },
    async close() {
      await sinks.close(Math.min(config.drainMs, maxGraceMs))
      await outbound.close()
    },
  }
}

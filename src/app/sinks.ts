import type { SinkMethodDeps } from '../method/sink.ts'
import { createOutbound } from '../outbound/outbound.ts'
import { createWebhooks } from '../outbound/webhook.ts'
import { resources } from '../resource/kind/index.ts'
import { startSinks } from '../sink/sinks.ts'
import { sinkLags } from '../sink/status.ts'
import type { ChangeLog } from '../stream/change-log.ts'
import type { AppContext } from './context.ts'

/** What sends changes out on this server, and what its methods need. */
export interface ServerSinks {
  readonly methodDeps: SinkMethodDeps
  /** Call while this server still holds its lease: otherwise another server may send the same changes. */
  close(): Promise<void>
}

/** How long an unresponsive target may delay a stop. */
const maxGraceMs = 5000

/** `owner` returns the lease this server works under. */
export async function startServerSinks(
  { config, metrics, database, clock, sealer, version, onError }: AppContext,
  changes: ChangeLog,
  owner: () => string,
): Promise<ServerSinks> {
  const outbound = createOutbound({ allow: config.outboundAllow })
  const sinks = await startSinks({
    database,
    sealer,
    clock,
    resources,
    log: changes,
    webhooks: createWebhooks({ outbound, version }),
    dataDir: config.data,
    owner,
    onFailure: metrics.countSinkError,
    onError: onError('a sink'),
  })
  metrics.watch('sinks', async () => {
    const lags = await sinkLags(database, resources)
    metrics.keepSinks(lags.map(({ name }) => name))
    return lags
  })
  const { maxConditions, outboundAllow } = config
  return {
    methodDeps: { database, sealer, clock, changes, maxConditions, outboundAllow },
    async close() {
      await sinks.close(Math.min(config.drainMs, maxGraceMs))
      await outbound.close()
    },
  }
}

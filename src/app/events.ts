import { type LocalHandler, loadLocalHandlers, storeLocalHandlers } from '../event/handler/local-handlers.ts'
import { readBacklogs } from '../event/run/backlog.ts'
import { forsakeRuns } from '../event/run/forsake.ts'
import { type EventService, startEventService } from '../event/service.ts'
import type { HostDeps } from '../js-worker/host.ts'
import { createWorkerReports } from '../machine/machine-reports.ts'
import type { EventDeps } from '../method/index.ts'
import { createOutbound } from '../outbound/outbound.ts'
import { createWebhooks } from '../outbound/webhook.ts'
import { createSandbox } from '../sandbox/sandbox.ts'
import { findSuperToken } from '../token/store.ts'
import type { AppContext } from './context.ts'
import { machineName } from './machine.ts'

/** What runs events on this server, and what its methods need. */
export interface Events {
  readonly service: EventService
  readonly methodDeps: EventDeps
  /**
   * Takes no more work, gives runs this many milliseconds to end, releases the rest and closes what was
   * opened.
   */
  close(drainMs: number): Promise<void>
}

/**
 * Starts everything that runs events: scripts, webhooks, the folder's handlers. `callMethod` calls a method
 * for a script. Throws if anything keeps the server from starting.
 */
export async function startEvents(context: AppContext, callMethod: HostDeps['callMethod']): Promise<Events> {
  const { config, logger, metrics, database, authenticator, version, clock, sealer } = context
  const localHandlers = await loadHandlers(context)
  const outbound = createOutbound({ allow: config.outboundAllow })
  const sandbox = createSandbox({ threads: config.scriptThreads, runs: config.scriptRuns })
  const onError = context.onError('running events')
  const service = await startEventService({
    database,
    sealer,
    clock,
    sandbox,
    outbound,
    webhooks: createWebhooks({ outbound, version }),
    localHandlers,
    recall: authenticator.recall,
    callMethod,
    onConsole: (worker, level, text) =>
      logger.debug({ worker, level, text }, 'a script wrote to its console'),
    onEnded: metrics.countRun,
    maxRuns: config.maxRuns,
    leaseMs: config.leaseMs,
    machine: machineName(config),
    onError,
  })
  metrics.watch('scripts', sandbox.counts)
  metrics.watch('handlers', () => readBacklogs(database))
  const shared = { database, sealer, clock, timezone: config.timezone, onChange: service.wake }
  return {
    service,
    methodDeps: {
      service,
      workers: createWorkerReports({ database, onError }),
      handlers: {
        ...shared,
        localNames: new Set(localHandlers.keys()),
        outboundAllow: config.outboundAllow,
        forsake: (runner, fullName) => forsakeRuns(runner, fullName, clock()),
      },
      jsWorkers: { ...shared, sandbox, scripts: service.scripts },
    },
    async close(drainMs) {
      await service.close(drainMs)
      await sandbox.close()
      await outbound.close()
    },
  }
}

async function loadHandlers({
  config,
  database,
  sealer,
  clock,
}: AppContext): Promise<ReadonlyMap<string, LocalHandler>> {
  if (config.handlers === undefined) return new Map()
  const handlers = await loadLocalHandlers(config.handlers, config.timezone)
  const token = await findSuperToken(database)
  // The folder belongs to the server's operator.
  const owner = token === undefined ? [] : [{ tokenKey: token.token_key }]
  await storeLocalHandlers({ database, sealer, clock, owner }, handlers)
  return handlers
}

import type { EventService } from '../event/service.ts'
import { type Monitors, readMonitorStates, startMonitors } from '../monitor/monitors.ts'
import type { AppContext } from './context.ts'

/** Starts evaluating monitors on this server; what they find is sent by `events`. */
export function startServerMonitors(
  { config, metrics, database, records, authenticator, onError }: AppContext,
  { sender }: Pick<EventService, 'sender'>,
): Monitors {
  metrics.watch('monitors', () => readMonitorStates(database))
  return startMonitors({
    database,
    records,
    sender,
    recall: authenticator.recall,
    statementTimeoutMs: config.statementTimeoutMs,
    onFailure: metrics.countMonitorError,
    onError: onError('a monitor'),
  })
}

import { hostname } from 'node:os'
import type { EventService } from '../event/service.ts'
import { type ServerReports, startServerReports } from '../machine/machine-reports.ts'
import type { AppContext, ServerConfig } from './context.ts'

/** The name of this server among the machines; undefined as long as it is to listen on any free port. */
export function machineName({ machineName, port, worker }: ServerConfig): string | undefined {
  if (machineName === undefined && port === 0) return undefined
  return nameOf(machineName ?? `${hostname()}:${port}`, worker)
}

function nameOf(name: string, worker: number | undefined): string {
  return worker === undefined ? name : `${name}/${worker}`
}

/** Reports this server, which listens at `url`, as a machine until it is closed. */
export async function startMachine(
  context: AppContext,
  events: Pick<EventService, 'name'>,
  url: string,
): Promise<ServerReports> {
  const { config, database } = context
  const onError = context.onError('reporting this machine')
  const known = machineName(config)
  const name = known ?? nameOf(`${hostname()}:${new URL(url).port}`, config.worker)
  if (known === undefined) await events.name(name).catch(onError)
  return startServerReports({ database, name, hostName: hostname(), onError })
}

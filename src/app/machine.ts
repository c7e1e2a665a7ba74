import { hostname } from 'node:os'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { Engine } from '../event/engine.ts'
import type { Logger } from '../logger.ts'
import { type ServerReports, startServerReports } from '../machine/machine-reports.ts'

/** How one server is set up; `worker`: its number, where several of them are workers of one port. */
export interface ServerConfig extends Config {
  readonly worker?: number | undefined
}

/** The name of this server among the machines; undefined as long as it is to listen on any free port. */
export function machineName({ machineName, port, worker }: ServerConfig): string | undefined {
  if (machineName === undefined && port === 0) return undefined
  return nameOf(machineName ?? `${hostname()}:${port}`, worker)
}

function nameOf(name: string, worker: number | undefined): string {
  return worker === undefined ? name : `${name}/${worker}`
}

export interface MachineOptions {
  readonly config: ServerConfig
  readonly logger: Logger
  readonly database: Database
  readonly engine: Pick<Engine, 'name'>
  /** Where the server listens. */
  readonly url: string
}

/** Reports this server as a machine until it is closed. */
export async function startMachine(options: MachineOptions): Promise<ServerReports> {
  const { config, logger, database, engine, url } = options
  const onError = (error: unknown): void => logger.error({ err: error }, 'reporting this machine failed')
  const known = machineName(config)
  const name = known ?? nameOf(`${hostname()}:${new URL(url).port}`, config.worker)
  if (known === undefined) await engine.name(name).catch(onError)
  return startServerReports({ database, name, hostName: hostname(), onError })
}

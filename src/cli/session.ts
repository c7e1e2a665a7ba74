import type { Command } from 'commander'
import { type Client, createClient } from '../client/client.ts'
import { type Config, type ConfigSource, readConfig } from '../config.ts'
import { findCredential } from './credential.ts'
import { createOutput, type Output } from './output.ts'
import type { Surroundings } from './surroundings.ts'

/** What every command that speaks to a server works with. */
export interface Session extends Surroundings {
  readonly config: Config
  readonly url: string
  readonly client: Client
  readonly output: Output
}

interface GlobalOptions {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

/** Reads the options that all commands share; `more` are a command's own settings. Throws ConfigError. */
export function openSession(
  command: Command,
  surroundings: Surroundings,
  more: ConfigSource['flags'] = {},
): Session {
  const { url: urlFlag, token: tokenFlag, json = false } = command.optsWithGlobals<GlobalOptions>()
  const config = readConfig({ env: surroundings.env, flags: { ...more, url: urlFlag, token: tokenFlag } })
  const url = serverUrl(config)
  const token = findCredential(config, url)
  return {
    ...surroundings,
    config,
    url,
    client: createClient({ url, ...(token !== undefined && { token }) }),
    output: createOutput(surroundings, json),
  }
}

/** The server that the commands speak to; without DAYBOOK_URL the one that `serve` starts with the same settings. */
export function serverUrl(config: Config): string {
  if (config.url !== undefined) return config.url
  const everywhere = config.host === '0.0.0.0' || config.host === '::'
  const host = everywhere ? '127.0.0.1' : config.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`
}

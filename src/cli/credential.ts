import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'

/** Where `serve` keeps the super token it made: a file of the data folder that only its owner can read. */
export function superTokenFile(config: Config): string {
  return join(config.dataDir, 'super-token')
}

/**
 * What the commands present: the configured token, else the super token of this machine's server. Undefined when
 * there is neither.
 */
export function findCredential(config: Config, url: string): string | undefined {
  if (config.token !== undefined) return config.token
  // The super token of this machine would otherwise be handed to any server that --url names.
  if (!isThisMachine(new URL(url).hostname, config.host)) return undefined
  if (config.superToken !== undefined) return config.superToken
  try {
    return readFileSync(superTokenFile(config), 'utf8').trim()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isThisMachine(hostname: string, listensOn: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname) || hostname === listensOn
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { parseCredential } from '../../permission/credential.ts'
import { hasCode } from '../terminal/failure.ts'
import type { Surroundings } from './surroundings.ts'

/** A credential that is presented to a server, and its source. */
export interface Credential {
  readonly text: string
  /** For a person: `--token`, `DAYBOOK_TOKEN`, the path of a file. */
  readonly source: string
}

/** Where `serve` keeps the super token it made: a file of the data folder that only its owner can read. */
export function superTokenFile(config: Config): string {
  return join(config.data, 'super-token')
}

/** The super token of this machine's server, when that is who `url` names. */
export function localCredential(
  config: Config,
  url: string,
  env: Surroundings['env'],
): Credential | undefined {
  // Otherwise it would be sent to any server that --url names.
  if (!isThisMachine(new URL(url).hostname, config.host)) return undefined
  if (config.superToken !== undefined) {
    return { text: config.superToken, source: variableOrFile('DAYBOOK_SUPER_TOKEN', env) }
  }
  const path = superTokenFile(config)
  try {
    return { text: readFileSync(path, 'utf8').trim(), source: path }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES')) return undefined
    throw error
  }
}

/** The source of a secret of the environment: the variable, or the file that `<variable>_FILE` names. */
export function variableOrFile(variable: string, env: Surroundings['env']): string {
  const file = env[`${variable}_FILE`]
  return file ? `${file} (${variable}_FILE)` : variable
}

/** Which credential it is, without its secret. */
export function credentialName(text: string): string {
  try {
    const credential = parseCredential(text)
    if (credential.kind === 'jwt') return `a JWT${subjectOf(text)}`
    return credential.kind === 'secret' ? `the token ${credential.key}` : `the user ${credential.username}`
  } catch {
    return 'a text that is no credential'
  }
}

/** The subject that a JWT claims; it is not verified. */
function subjectOf(jwt: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined
    return typeof subject === 'string' ? ` of ${subject}` : ''
  } catch {
    return ''
  }
}

function isThisMachine(hostname: string, listensOn: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname) || hostname === listensOn
}

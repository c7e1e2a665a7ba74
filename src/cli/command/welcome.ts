import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { superTokenFile } from '../argument/credential.ts'

/** A server that listens. */
export interface Served {
  readonly url: string
  /** `key:secret`; only on the start that made it. */
  readonly superToken?: string | undefined
}

/** The first line of `serve`, printed at once: opening the database may take seconds. */
export function startLine({ databaseUrl, data }: Pick<Config, 'databaseUrl' | 'data'>): string {
  if (databaseUrl !== undefined) return 'Daybook starts: it connects to PostgreSQL'
  const folder = resolve(data)
  const opens = existsSync(join(folder, 'database')) ? 'opens' : 'makes'
  return `Daybook starts: it ${opens} the database in ${folder}`
}

/** What `serve` prints once it listens: the address, the super token, and a command to paste. */
export function welcomeLines(config: Config, { url, superToken }: Served): readonly string[] {
  const path = resolve(superTokenFile(config))
  const listens = [
    `Daybook listens on ${url}`,
    ...(config.console === 'on' ? [`Its console is at ${url}/console/`] : []),
  ]
  if (superToken !== undefined) {
    const token = [`Super token, shown only now and kept in ${path}:`, `  ${superToken}`]
    return [...listens, ...token, ...tryLines(url, superToken)]
  }
  // The file may also have been moved away.
  if (config.superToken !== undefined || !existsSync(path)) return listens
  return [...listens, `The super token is in ${path}`, ...tryLines(url, `$(cat ${quote(path)})`)]
}

function tryLines(url: string, token: string): readonly string[] {
  const body =
    '{"jsonrpc":"2.0","id":1,"method":"js-result_query","params":{"query":{"condition":[{"limit":10}]}}}'
  const headers = `-H 'Content-Type: application/json' -H "Authorization: Bearer ${token}"`
  return ['Try it:', `  curl -s ${url} ${headers} -d '${body}'`]
}

/** Inside `"$(…)"` a path may hold blanks and quotes. */
function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}

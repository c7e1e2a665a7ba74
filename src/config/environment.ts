import { isIP } from 'node:net'

/** The process's environment, or what a test gives for it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What PostgreSQL's own clients read from the environment (libpq, section 34.15), and its name in a URL. */
const postgresParameters = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
} as const

/**
 * The URL that the `PG*` variables stand for, or undefined without PGHOST: a user or a database name alone may be there
 * for other programs, and must not choose the engine. Throws Error for what cannot be meant, never with the value.
 */
export function postgresUrlOf(env: Environment): string | undefined {
  const { PGHOST: host, PGPORT: port, PGDATABASE: database } = env
  if (!host) return undefined
  if (host.includes(',')) throw new Error('PGHOST: expected one host')
  if (port && !/^\d{1,5}$/.test(port)) throw new Error('PGPORT: expected one port')
  const given = Object.entries(postgresParameters).flatMap(([variable, name]) => {
    const value = env[variable]
    return value ? [[name, value] as [string, string]] : []
  })
  const path = encodeURI(database ?? '').replace(/[?#]/g, encodeURIComponent)
  return `postgres:///${path}?${new URLSearchParams(given)}`
}

type Takes = (value: string) => boolean

const isAddress: Takes = value => isIP(value) !== 0
const isPort: Takes = value => /^\d{1,5}$/.test(value)
const isUrl: Takes = value => /^(?:tcp|udp|sctp):\/\/\S+:\d{1,5}$/.test(value)
const isProtocol: Takes = value => /^(?:tcp|udp|sctp)$/.test(value)

/** How a service link ends, after the name of its Service, and what it holds. */
const linkForms: readonly (readonly [RegExp, Takes])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, isPort],
  [/_PORT$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, isProtocol],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, isPort],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
]

/**
 * Whether Kubernetes sets this variable (or Docker, for its links): it describes each Service of the namespace to every
 * container, so that beside one named daybook or daybook-web variables begin like our own settings.
 */
export function isServiceLink(name: string, value: string): boolean {
  return linkForms.some(([form, takes]) => form.test(name) && takes(value))
}

/** What PostgreSQL's own clients read from the environment (libpq, section 34.15), and its name in a URL. */
const parameters = {
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
export function postgresUrlOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { PGHOST: host, PGPORT: port, PGDATABASE: database } = env
  if (!host) return undefined
  if (host.includes(',')) throw new Error('PGHOST: expected one host')
  if (port && !/^\d{1,5}$/.test(port)) throw new Error('PGPORT: expected one port')
  const given = Object.entries(parameters).flatMap(([variable, name]) => {
    const value = env[variable]
    return value ? [[name, value] as [string, string]] : []
  })
  const path = encodeURI(database ?? '').replace(/[?#]/g, encodeURIComponent)
  return `postgres:///${path}?${new URLSearchParams(given)}`
}

import { Client, type ClientConfig } from 'pg'
import { parse } from 'pg-connection-string'
import { StartError } from './start-error.ts'

/** How libpq calls what is asked for here (its manual, "SSL support"); `no-verify` is pg's own word. */
const modes: ReadonlyMap<string, { readonly as: string; readonly isOptional?: true }> = new Map([
  ['disable', { as: 'disable' }],
  ['allow', { as: 'prefer', isOptional: true }],
  ['prefer', { as: 'prefer', isOptional: true }],
  ['no-verify', { as: 'prefer' }],
  ['require', { as: 'require' }],
  ['verify-ca', { as: 'verify-ca' }],
  ['verify-full', { as: 'verify-full' }],
])

const modeParameter = /([?&]sslmode=)([^&#]*)/
const withoutTls = 'The server does not support SSL connections'

/**
 * How to connect to a `postgres://` URL. Its `sslmode` means what it means to libpq, which pg alone would give another
 * meaning, with a page of warnings. `options`: what else each connection has. Throws StartError.
 */
export async function connectionOf(url: string, options: ClientConfig): Promise<ClientConfig> {
  const mode = modeParameter.exec(url)?.[2]
  const meaning = mode === undefined ? undefined : modes.get(mode)
  if (mode !== undefined && meaning === undefined) {
    throw new StartError(`sslmode=${mode}: expected one of ${[...modes.keys()].join(', ')}`)
  }
  if (mode === 'verify-ca' && !/[?&]sslrootcert=[^&#]/.test(url)) {
    throw new StartError(
      'sslmode=verify-ca needs sslrootcert; verify-full verifies with the certificates of the system',
    )
  }
  const config: ClientConfig = { ...options, ...read(url.replace(modeParameter, `$1${meaning?.as}`)) }
  // As libpq has it: a socket of this machine is never encrypted.
  if (config.host?.startsWith('/') === true) return { ...config, ssl: false }
  return meaning?.isOptional === true && !(await offersTls(config)) ? { ...config, ssl: false } : config
}

function read(url: string): ClientConfig {
  try {
    // Said twice is an error.
    const useLibpqCompat = !/[?&]uselibpqcompat=/.test(url)
    // What pg makes of its `connectionString`: texts and nulls, which its types do not tell.
    return parse(url, { useLibpqCompat }) as unknown as ClientConfig
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`the URL of the database cannot be used: ${reason}`, { cause: error })
  }
}

/** Any other fault is met again by the first connection that is needed. */
async function offersTls(config: ClientConfig): Promise<boolean> {
  try {
    return await withClient(config, async () => true)
  } catch (error) {
    return !(error instanceof Error && error.message === withoutTls)
  }
}

/** Does `work` on a connection of its own. */
export async function withClient<T>(config: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(config)
  // What waits for an answer is told.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    // Nobody waits for the goodbye of a server that is silent.
    void client.end().catch(() => undefined)
  }
}

import type { ClientConfig, Pool, PoolClient } from 'pg'
import { withClient } from './postgres-connection.ts'
import type { SessionSettings } from './session-settings.ts'
import { describeError, StartError } from './start-error.ts'

const oldestVersion = 15

const text = `select current_setting('server_version_num')::int4 as version, pg_backend_pid() as pid,
  current_setting('server_encoding') as stored, current_setting('client_encoding') as sent,
  current_setting('datestyle') as dates, current_schema() as schema, quote_ident(current_user) as role,
  current_setting('search_path') as path`

interface Server {
  readonly version: number
  /** Of the connection's process on the server. */
  readonly pid: number
  readonly stored: string
  readonly sent: string
  readonly dates: string
  /** The first of `path` that is there and may be used. */
  readonly schema: string | null
  readonly role: string
  readonly path: string
}

/**
 * Requires a PostgreSQL that Daybook can work with. Resolves to whether it is reached directly, without a pooler.
 * Throws StartError.
 */
export async function requireUsable(
  pool: Pool,
  connection: ClientConfig,
  { prepare }: SessionSettings,
): Promise<boolean> {
  const client = await connect(pool)
  try {
    const { rows } = await client.query<Server>(text)
    const [server] = rows
    if (server === undefined) throw new StartError('PostgreSQL does not say what it is')
    requireVersion(server.version)
    requireForms(server)
    // PostgreSQL names its own process to its clients; a pooler in between names another number.
    const isDirect = 'processID' in client && client.processID === server.pid
    if (prepare && !isDirect) await requireNames(client, connection)
    return isDirect
  } catch (error) {
    throw asStartError(error)
  } finally {
    client.release()
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw asStartError(error)
  }
}

function asStartError(error: unknown): StartError {
  if (error instanceof StartError) return error
  if (isNameLost(error)) return new StartError(namesAreLost, { cause: error })
  return new StartError(`PostgreSQL cannot be used: ${describeError(error)}`, { cause: error })
}

/** Throws StartError for a PostgreSQL that is too old; `version` as in `server_version_num`, e.g. 180006. */
export function requireVersion(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= oldestVersion) return
  throw new StartError(`PostgreSQL ${major} is too old: ${oldestVersion} or newer is needed`)
}

function requireForms({ stored, sent, dates, schema, role, path }: Server): void {
  if (stored !== 'UTF8') {
    throw new StartError(
      `the database's encoding is ${stored}, but only UTF8 can hold every text: create database … encoding 'UTF8' template template0`,
    )
  }
  if (sent !== 'UTF8') throw new StartError(`the connection's client_encoding is ${sent}: it must be UTF8`)
  if (!dates.startsWith('ISO')) {
    throw new StartError(`times come in the datestyle ${dates}: alter role ${role} set datestyle = 'ISO'`)
  }
  if (schema === null) {
    throw new StartError(
      `the role ${role} has no schema to work in: none in its search_path (${path}) exists and may be used: create schema ${role} authorization ${role}`,
    )
  }
}

const named = { name: 'daybook_named', text: 'select 1' }
const rounds = 4

const namesAreLost =
  'a pooler stands before PostgreSQL and loses prepared statements: set DATABASE_PREPARE=off, or let it keep them (pgbouncer from 1.21: max_prepared_statements)'

/**
 * Has two clients use one name in turn: a pooler that gives each transaction any free connection mixes them up, unless it
 * tracks names. Then SQLSTATE says that the name is missing, or taken.
 */
async function requireNames(first: PoolClient, connection: ClientConfig): Promise<void> {
  await withClient(connection, async second => {
    for (let round = 0; round < rounds; round++) {
      await second.query(named)
      await first.query(named)
    }
  })
}

function isNameLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '26000' || error.code === '42P05')
}

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../support/postgres-server.ts'
import { findPostmaster } from './postmaster.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** A Daybook in a process of its own, which runs the handlers of the bench. */
export interface DaybookServer extends ServerProcess {
  /** May do everything. */
  readonly superToken: string
}

/** `flags`: Node's, before the program. */
export async function startDaybook(
  databaseUrl: string,
  flags: readonly string[] = [],
): Promise<DaybookServer> {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const superToken = `${randomBytes(8).toString('hex')}:${randomBytes(16).toString('hex')}`
  const server = await startServerProcess({
    args: [...flags, 'src/main.ts', 'serve', '--handlers', 'test/bench/handlers'],
    env: {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      LOG_LEVEL: 'warn',
      DAYBOOK_DATA: folder,
      DAYBOOK_SUPER_TOKEN: superToken,
    },
  })
  return { ...server, superToken }
}

/** A Daybook with a PostgreSQL of its own, for what needs other settings or other tables. */
export interface OwnServer {
  readonly url: string
  readonly pid: number
  readonly token: string
  readonly postgresPid: number
  readonly database: Client
}

export async function withOwnServer<T>(
  settings: Readonly<Record<string, string>>,
  use: (server: OwnServer) => Promise<T>,
): Promise<T> {
  const postgres = await startPostgres({ fsync: true, settings })
  const database = new Client({ connectionString: postgres.url })
  let server: DaybookServer | undefined
  try {
    server = await startDaybook(postgres.url)
    await database.connect()
    const postgresPid = await findPostmaster(postgres.url)
    const { url, pid, superToken: token } = server
    return await use({ url, pid, token, postgresPid, database })
  } finally {
    await server?.stop()
    await database.end()
    await postgres.stop()
  }
}

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../support/postgres-server.ts'
import { findPostmaster } from './postmaster.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

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
  const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
  const token = `${randomBytes(8).toString('hex')}:${randomBytes(16).toString('hex')}`
  const database = new Client({ connectionString: postgres.url })
  let server: ServerProcess | undefined
  try {
    server = await startServerProcess({
      args: ['src/main.ts', 'serve', '--handlers', 'test/bench/handlers'],
      env: {
        DATABASE_URL: postgres.url,
        PORT: '0',
        LOG_LEVEL: 'warn',
        DAYBOOK_DATA: folder,
        DAYBOOK_SUPER_TOKEN: token,
      },
    })
    await database.connect()
    const postgresPid = await findPostmaster(postgres.url)
    return await use({ url: server.url, pid: server.pid, token, postgresPid, database })
  } finally {
    await server?.stop()
    await database.end()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

import { readFileSync } from 'node:fs'
import { Client } from 'pg'

/** The process id of a PostgreSQL server on this machine: the parent of whatever serves a connection. */
export async function findPostmaster(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${rows[0]?.pid}/status`, 'utf8'))?.[1]
    return Number(parent)
  } finally {
    await client.end()
  }
}

import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** A database of its own on some PostgreSQL server. */
export interface PostgresDatabase {
  readonly name: string
  readonly url: string
  /** Ends the sessions that are still open and removes it. */
  drop(): Promise<void>
}

/** Creates a database on the server of `serverUrl`; with a template (and what follows it in SQL), as a copy of that. */
export async function createPostgresDatabase(
  serverUrl: string,
  template?: string,
): Promise<PostgresDatabase> {
  const name = `daybook_test_${randomBytes(6).toString('hex')}`
  await runOnServer(
    serverUrl,
    `create database ${name}${template === undefined ? '' : ` template ${template}`}`,
  )
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    name,
    url: url.href,
    drop: () => runOnServer(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

async function runOnServer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

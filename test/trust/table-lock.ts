import { Client } from 'pg'
import { onTestFinished } from 'vitest'

/** A table that nobody else can use until it is released, at the end of the test at the latest. */
export interface TableLock {
  /** How many statements of others wait for it. */
  waiting(): Promise<number>
  release(): Promise<void>
}

export async function lockTable(databaseUrl: string, table: string): Promise<TableLock> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(`begin; lock table ${table} in access exclusive mode`)
  return {
    async waiting() {
      const { rows } = await client.query(
        'select count(*)::int as waiting from pg_locks where relation = $1::regclass and not granted',
        [table],
      )
      return rows[0].waiting
    },
    async release() {
      await client.query('commit')
    },
  }
}

import { Client } from 'pg'
import { expect } from 'vitest'
import type { TestData } from '../wire/support/data.ts'

/** The database behind a test server, for what its clients cannot do. */
export interface TestPostgres {
  readonly query: Client['query']
  /** Has the server number a change event in each of the folders. */
  publish(folders: readonly string[]): Promise<void>
  /** Adds an entry of each of the tokens to the audit trail. */
  keep(tokenKeys: readonly string[]): Promise<void>
  /** Resolves when nothing waits for its number. */
  untilNumbered(): Promise<void>
  end(): Promise<void>
}

const pending = 'select count(*)::int as n from pending_change'

/** Only for data on PostgreSQL. */
export async function openTestPostgres({
  postgresUrl,
}: Pick<TestData, 'postgresUrl'>): Promise<TestPostgres> {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  return {
    query: client.query.bind(client) as Client['query'],
    async publish(folders) {
      await client.query(
        `insert into pending_change (diagnostic_id, event_type, folder_name, full_folder_path, body)
         select 'd', 'job.created', folder, folder, '{}' from unnest($1::text[]) as folder`,
        [folders],
      )
      await client.query(`select pg_notify('daybook_change', '')`)
    },
    async keep(tokenKeys) {
      await client.query(
        `insert into audit_log (time, token_key, method, outcome)
         select now(), key, 'js-result_delete', 'success' from unnest($1::text[]) as key`,
        [tokenKeys],
      )
    },
    async untilNumbered() {
      await expect
        .poll(async () => (await client.query(pending)).rows[0].n, { interval: 10, timeout: 10_000 })
        .toBe(0)
    },
    end: () => client.end(),
  }
}

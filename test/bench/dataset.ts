import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { copyStatement, copyText } from './copy-text.ts'
import { sampleRow } from './sample-row.ts'

export interface Dataset {
  readonly rows: number
  readonly workers: number
}

/** Fills js_result of a migrated database; its indexes are built afterwards, which is several times quicker. */
export async function loadDataset(databaseUrl: string, dataset: Dataset): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query("set maintenance_work_mem = '512MB'; set max_parallel_maintenance_workers = 2")
    const indexes = await dropIndexes(client)
    await pipeline(Readable.from(chunks(dataset)), client.query(copyFrom(copyStatement)))
    for (const definition of indexes) await client.query(definition)
    await client.query('vacuum (analyze) js_result')
    await client.query('checkpoint')
  } finally {
    await client.end()
  }
}

const chunkRows = 2000

function* chunks({ rows, workers }: Dataset): Generator<string> {
  for (let first = 0; first < rows; first += chunkRows) {
    const length = Math.min(chunkRows, rows - first)
    yield copyText(Array.from({ length }, (_, i) => sampleRow(first + i, workers)))
  }
}

interface Index {
  readonly name: string
  readonly definition: string
}

/** Drops every index of js_result but the primary key's. Resolves to the statements that make them again. */
export async function dropIndexes(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<Index>(`
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = 'public' and tablename = 'js_result' and indexname <> 'js_result_pkey'`)
  for (const { name } of rows) await client.query(`drop index ${client.escapeIdentifier(name)}`)
  // A root of partitions shows its own index alone; made anew it is made of all.
  return rows.map(index => index.definition.replace(' ON ONLY ', ' ON '))
}

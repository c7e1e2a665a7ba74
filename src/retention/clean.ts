import type { Database } from '../database/database.ts'

/** Gives the room of deleted rows back to tables, where the database does not do so by itself. */
export interface Cleaner {
  /** So many rows of the table were deleted. */
  deleted(table: string, rows: number): void
  clean(): Promise<void>
}

/** Each row of these is soon deleted again. */
const busy = [
  'event_job',
  'pending_record_change',
  'pending_change_event',
  'record_change',
  'stream_position',
]

/** To look through the whole of a table's indexes must be worth it. */
const manyRows = 10_000

/** PostgreSQL vacuums by itself; PGlite never does, and would only grow, and read past what is gone. */
export function createCleaner({ engine, run }: Pick<Database, 'engine' | 'run'>): Cleaner {
  const gone = new Map<string, number>()
  return {
    deleted(table, rows) {
      if (engine === 'pglite') gone.set(table, (gone.get(table) ?? 0) + rows)
    },
    async clean() {
      if (engine !== 'pglite') return
      const tables = [...gone].filter(([, rows]) => rows >= manyRows).map(([table]) => table)
      for (const table of tables) gone.delete(table)
      // One by one: between two, others get at the connection.
      for (const table of [...busy, ...tables]) {
        await run({ name: undefined, sql: `vacuum ${table}`, parameters: [] }, [])
      }
    },
  }
}

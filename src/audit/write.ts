import { type RawBuilder, sql } from 'kysely'
import type { Runner } from '../database/database.ts'
import { rawStatement, type Slot } from '../database/statement.ts'
import { stringifyJson } from '../json.ts'
import { type AuditEntry, type Deed, entryOfDeed } from './entry.ts'

/** The columns that an entry fills, and their types. */
const columns = {
  time: 'float8',
  token_key: 'text',
  other_keys: 'jsonb',
  address: 'text',
  method: 'text',
  resource: 'text',
  target: 'text',
  members: 'jsonb',
  condition: 'jsonb',
  dry_run: 'jsonb',
  affected: 'bigint',
  ids: 'jsonb',
  ids_digest: 'text',
  outcome: 'text',
  reason: 'text',
  repeated: 'bigint',
} as const satisfies Record<keyof AuditEntry, string>

type Column = keyof typeof columns

function insertSql(measured: Partial<Record<Column, string>>) {
  const names = Object.keys(columns) as Column[]
  const values = names.map(name => {
    return measured[name] ?? (name === 'time' ? 'to_timestamp(e.time / 1000)' : `e.${name}`)
  })
  const types = names.map(name => `${name} ${columns[name]}`)
  return {
    head: `insert into audit_log (${names.join(', ')}, token_name)
      select ${values.join(', ')}, (select username from token t where t.token_key = e.token_key)
      from jsonb_to_recordset(`,
    tail: `::jsonb) as e (${types.join(', ')})`,
  }
}

const plain = insertSql({})
const insert = rawStatement(`${plain.head}$1${plain.tail}`)

export interface AuditInsert {
  /** Takes the text of `entriesText`. */
  readonly entries: Slot
  /** SQL for what the statement itself finds out. */
  readonly measured: Partial<Record<Column, string>>
  /** Whether there is anything to tell; absent: there is. */
  readonly where?: RawBuilder<unknown>
}

/** An insert into the audit trail as part of a larger statement, in parentheses. */
export function auditInsert({ entries, measured, where }: AuditInsert): RawBuilder<object> {
  const { head, tail } = insertSql(measured)
  const insert = sql<object>`${sql.raw(head)}${entries}${sql.raw(tail)}`
  return where === undefined ? sql<object>`(${insert})` : sql<object>`(${insert} where ${where})`
}

/** What the slot of `auditInsert` takes. */
export function entriesText(entries: readonly AuditEntry[]): string {
  return stringifyJson(entries)
}

export async function writeEntries(
  { run }: Pick<Runner, 'run'>,
  entries: readonly AuditEntry[],
): Promise<void> {
  await run(insert, [entriesText(entries)])
}

/**
 * Writes to the audit trail what is done in the transaction of `runner`: both stand or fall together. `now`: epoch
 * milliseconds.
 */
export function writeDeed(runner: Pick<Runner, 'run'>, deed: Deed, now: number): Promise<void> {
  return writeEntries(runner, [entryOfDeed(deed, now)])
}

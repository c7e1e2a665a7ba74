import { sql } from 'kysely'
import type { Database } from '../../src/database/database.ts'
import type { Resource, ResourceField } from '../../src/resource/resource.ts'
import { appendAll, type Call } from './caller.ts'

/** What a test gives of each row: what a client may append; of what is only published, all but its key. */
export function givenFields({ recorded, fields, ordering }: Resource): readonly ResourceField[] {
  if (recorded === 'append') return fields.filter(field => field.append !== 'generated')
  return fields.filter(field => field.name !== ordering.key)
}

/** A row of the object `name`, with no more than it must have; the same `name` and `number` are the same row. */
export function plainRow(resource: Resource, name: string, number = 0): Record<string, unknown> {
  const required = givenFields(resource).filter(field =>
    resource.recorded === 'append' ? field.append === 'required' : field.nullable !== true,
  )
  const fillIn = (field: ResourceField): unknown => {
    if (field.name === resource.nameField) return name
    if (field.kind === 'time') return 1_775_000_000_000
    if (field.kind === 'integer') return 1
    if (field.kind === 'enum') return field.values?.[0]
    return field.kind === 'json' ? {} : `any${number}`
  }
  return Object.fromEntries(required.map(field => [field.name, fillIn(field)]))
}

const isoOf = (time: unknown): string | null =>
  typeof time === 'number' ? new Date(time).toISOString() : null

interface Target {
  readonly database: Database
  readonly call: Call
  readonly resource: Resource
}

/** Records any number of rows and answers with their keys, in order. What clients cannot append is numbered from 1. */
export async function recordAll(
  { database, call, resource }: Target,
  rows: readonly Record<string, unknown>[],
): Promise<readonly number[]> {
  if (resource.recorded === 'append') return appendAll(call, resource, rows)
  // What is kept of the test's own calls is numbered from 1.
  const first = resource.recorded === 'keep' ? 1_000_001 : 1
  const times = resource.fields.filter(field => field.kind === 'time').map(field => field.name)
  const stored = rows.map((row, i) => ({
    ...row,
    [resource.ordering.key]: first + i,
    is_own: false,
    ...Object.fromEntries(times.map(time => [time, isoOf(row[time])])),
  }))
  const table = sql.table(resource.table)
  await sql`insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, ${JSON.stringify(stored)}::jsonb)`.execute(
    database.kysely,
  )
  return stored.map((_, i) => first + i)
}

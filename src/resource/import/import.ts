import { type RawBuilder, sql } from 'kysely'
import { RpcError } from '../../errors.ts'
import type { ResourceField } from '../resource.ts'
import type { BoundRow } from '../row.ts'
import type { Table } from '../table.ts'
import { givenRows, givenValues } from '../write/given-rows.ts'
import { mergeDigest } from '../write/merge.ts'
import { raiseNumbers } from './import-numbers.ts'

/** How many keys an error names. */
const maxNamed = 100

/**
 * Writes whole wire rows under the keys that they bring, and lets later records be numbered behind them; resolves to the keys
 * of those that were not there already, with the same content. `target` runs in a transaction. Throws RpcError 109 (reason `row_conflict`, `ids`) when a key, or the same event to be merged with, is
 * there with other content.
 */
export async function importRows(target: Table, rows: readonly BoundRow[]): Promise<readonly number[]> {
  const { fields, ordering } = target.resource
  const key = fields.findIndex(field => field.name === ordering.key)
  const keys = rows.map(row => Number(row[key]))
  // First, so that records that are appended meanwhile are numbered behind them.
  const { settle } = await raiseNumbers(target, keys)
  const imported = await insertImported(target, rows)
  if (imported.length < rows.length) await requireSame(target, rows)
  await settle()
  return imported
}

async function insertImported(
  { resource, builder, cache, runner }: Table,
  rows: readonly BoundRow[],
): Promise<readonly number[]> {
  const { fields, merge, ordering, table } = resource
  const statement = cache.get(`${resource.name}|import`, () => {
    const columns = fields.map(field => sql.ref(field.name))
    const digest = merge === undefined ? [] : [mergeDigest(merge, resource.appended)]
    const digestColumn = merge === undefined ? [] : [sql.ref(merge.key)]
    const insert = sql`insert into ${sql.table(table)} (${sql.join([...columns, ...digestColumn])})
      overriding system value
      select ${sql.join([...columns, ...digest])} from ${givenRows(fields)} order by ${sql.ref(ordering.key)}
      on conflict do nothing
      returning ${sql.ref(ordering.key)}`
    return { compile: () => insert.compile(builder) }
  })
  const { rows: written } = await runner.run(statement, givenValues(fields, rows))
  return written.map(([id]) => Number(id))
}

/** A statement of its own sees what another transaction committed while the insert waited for it. */
async function requireSame(
  { resource, builder, cache, runner }: Table,
  rows: readonly BoundRow[],
): Promise<void> {
  const { fields, ordering, table } = resource
  const statement = cache.get(`${resource.name}|import-conflicts`, () => {
    const key = sql.ref(`g.${ordering.key}`)
    const same = fields.map(field => sql`${sameValue(field)}`)
    const conflicts = sql`select distinct ${key} as id from ${givenRows(fields)}
      left join ${sql.table(table)} as t on ${sql.ref(`t.${ordering.key}`)} = ${key}
      where ${sql.ref(`t.${ordering.key}`)} is null or not (${sql.join(same, sql` and `)})
      order by id limit ${sql.lit(maxNamed)}`
    return { compile: () => conflicts.compile(builder) }
  })
  const found = (await runner.run(statement, givenValues(fields, rows))).rows.map(([id]) => Number(id))
  if (found.length > 0) throw conflict(found)
}

/** Values as they look on the wire: times to the millisecond, a JSON null like a missing value. */
function sameValue({ name, kind }: ResourceField): RawBuilder<unknown> {
  const there = sql.ref(`t.${name}`)
  const given = sql.ref(`g.${name}`)
  if (kind === 'time') return sql`${there} is not distinct from ${given}::timestamptz(3)`
  if (kind !== 'json') return sql`${there} is not distinct from ${given}`
  return sql`coalesce(${there}::jsonb, 'null') = coalesce(${given}::jsonb, 'null')`
}

function conflict(ids: readonly number[]): RpcError {
  const named = ids.slice(0, 10).join(', ')
  const more = ids.length > 10 ? ' and more' : ''
  return new RpcError(
    'row_conflict',
    `Other records are there in place of ${named}${more}; nothing was written`,
    { ids },
  )
}

import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { AuditEntry } from '../../audit/entry.ts'
import { maxIds } from '../../audit/entry.ts'
import { auditInsert, entriesText } from '../../audit/write.ts'
import { type AnyTables, allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import { ordered } from '../select/selection.ts'
import type { Table } from '../table.ts'

export interface Removal {
  readonly predicates: readonly Predicate[]
  /** Only the newest so many; undefined: all. */
  readonly limit: number | undefined
  /** Delete nothing at all when more rows than this are found; undefined: any number. */
  readonly maxAffected: number | undefined
  /** What the audit trail is told of it, beside which rows it took; not where there were too many. */
  readonly entry: AuditEntry
}

export interface Removed {
  readonly found: number
  readonly deleted: number
}

/** The keys of the rows that fulfil all the predicates, newest first; the rows are locked in this order. */
function lockedKeys({ resource, builder }: Table, predicates: readonly Predicate[]) {
  const { table, ordering } = resource
  const found = builder.selectFrom(table).select([ordering.key]).where(allOf(predicates))
  return ordered(found, resource, 'newest').forUpdate() as SelectQueryBuilder<
    AnyTables,
    string,
    Record<string, unknown>
  >
}

/** The ids of the newest `limit` records that fulfil all the predicates, locked until the transaction ends. */
export async function lockIds(
  table: Table,
  predicates: readonly Predicate[],
  limit: number,
): Promise<readonly number[]> {
  const { key, values } = shapeOf(predicates)
  const statement = table.cache.get(`${table.resource.name}|ids|${key}`, () =>
    lockedKeys(table, predicates).limit(sql<number>`${new Slot(values.length)}`),
  )
  const { rows } = await table.runner.run(statement, [...values, limit])
  return rows.map(([id]) => Number(id))
}

/**
 * Deletes the rows that fulfil all the predicates, in one statement: the rows are locked in their one order while
 * they are chosen, so that of two deletes at once neither counts a row that the other takes. The same statement writes the
 * entry of the audit trail.
 */
export async function removeRows(
  table: Table,
  { predicates, limit, maxAffected, entry }: Removal,
): Promise<Removed> {
  const { resource, builder, cache, runner } = table
  const { key, values } = shapeOf(predicates)
  const bound = [...values]
  const limitSlot = limit === undefined ? undefined : new Slot(bound.push(limit) - 1)
  const maxSlot = maxAffected === undefined ? undefined : new Slot(bound.push(maxAffected) - 1)
  const entrySlot = new Slot(bound.push(entriesText([entry])) - 1)
  const id = resource.ordering.key
  const form = `${limitSlot !== undefined}|${maxSlot !== undefined}`

  const statement = cache.get(`${resource.name}|remove|${form}|${key}`, () => {
    let target = lockedKeys(table, predicates)
    if (limitSlot !== undefined) target = target.limit(sql<number>`${limitSlot}`)
    // One row more than allowed is enough to know that there are too many.
    else if (maxSlot !== undefined) target = target.limit(sql<number>`${maxSlot}::bigint + 1`)

    const isFew =
      maxSlot === undefined ? undefined : sql<SqlBool>`(select count(*) from target) <= ${maxSlot}::bigint`

    return builder
      .with(
        cte => cte('target').materialized(),
        () => target,
      )
      .with('gone', qb => {
        const gone = qb
          .deleteFrom(resource.table)
          // An array rather than a join, which would read the whole table once there are many.
          .where(eb => sql<SqlBool>`${eb.ref(id)} = any(array(${eb.selectFrom('target').select(id)}))`)
          .returning(sql.ref(id).as('id'))
        return isFew === undefined ? gone : gone.where(isFew)
      })
      .with('told', () =>
        auditInsert({ entries: entrySlot, measured: goneRows, ...(isFew && { where: isFew }) }),
      )
      .selectNoFrom(eb => [
        eb.selectFrom('target').select(sql<string>`count(*)::text`.as('n')).as('found'),
        eb.selectFrom('gone').select(sql<string>`count(*)::text`.as('n')).as('deleted'),
      ])
  })
  const { rows } = await runner.run(statement, bound)
  const [found, deleted] = rows[0] ?? ['0', '0']
  return { found: Number(found), deleted: Number(deleted) }
}

/** What became of the rows, for the audit trail. */
const goneRows = {
  affected: '(select count(*) from gone)',
  ids: `to_jsonb(array(select id from gone order by id limit ${maxIds}))`,
  ids_digest: `(select encode(sha256(convert_to(string_agg(id::text, ',' order by id), 'UTF8')), 'hex') from gone)`,
}

/**
 * Deletes those of the rows with these keys that still fulfil all the predicates, and says how many. What somebody else
 * holds is passed over, so that it waits for nobody while it holds locks itself.
 */
export async function removeKeys(
  { resource, builder, cache, runner }: Table,
  { keys, predicates }: { readonly keys: readonly number[]; readonly predicates: readonly Predicate[] },
): Promise<number> {
  const { key: shape, values } = shapeOf(predicates)
  const { key } = resource.ordering
  const statement = cache.get(`${resource.name}|remove-keys|${shape}`, () => {
    const held = builder
      .selectFrom(resource.table)
      .selectAll()
      .where(sql<SqlBool>`${sql.ref(key)} = any(${new Slot(values.length)}::bigint[])`)
      // Or Postgres might look for the rows by what they fulfil, which may be very many.
      .offset(sql.lit(0))
      .forUpdate()
      .skipLocked()
    const target = builder.selectFrom(held.as('held')).select(key).where(allOf(predicates))
    return builder.deleteFrom(resource.table).where(sql<SqlBool>`${sql.ref(key)} = any(array(${target}))`)
  })
  return (await runner.run(statement, [...values, keys])).affected
}

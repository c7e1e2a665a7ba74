import type { Field } from '../condition/language.ts'
import type { Database, Runner } from '../database/database.ts'
import { plainStatement, rawStatement } from '../database/statement.ts'
import { invalidParams, type ReasonOf, RpcError } from '../errors.ts'
import type { Resource } from './resource.ts'

/** An index of a resource's table: those that every installation has, and those that were added for a field. */
export interface ResourceIndex {
  readonly resource: string
  readonly name: string
  /** What it was added for; null: every installation has it. */
  readonly field: string | null
  /** `invalid`: what made it was interrupted; to add it again mends it. */
  readonly state: 'ready' | 'building' | 'invalid'
  /** As PostgreSQL writes it: `btree (js_worker_name, start_time, id)`. */
  readonly definition: string
  readonly bytes: number
  /** How often statements have used it. */
  readonly scans: number
}

/** What an index may be added for, beside the fields: finish_time - start_time. */
const duration = 'duration'

// Other databases of the server have tables and indexes of the same numbers: they may be copies.
const isBuilt = `exists (select from pg_stat_progress_create_index g where g.datname = current_database()
  and g.relid = x.indrelid and (g.index_relid = x.indexrelid or starts_with(g.command, 'REINDEX')))`

// Of a table of ranges each range has its part of an index.
const list = rawStatement(
  `select i.name, i.definition, i.is_whole and p.is_whole, i.is_built or p.is_built, p.bytes, p.scans
   from (
     select x.indexrelid as id, c.relname as name, x.indisvalid as is_whole,
       substring(pg_get_indexdef(x.indexrelid) from ' USING (.*)$') as definition,
       ${isBuilt} as is_built
     from pg_index x join pg_class c on c.oid = x.indexrelid where x.indrelid = $1::text::regclass
   ) as i
   cross join lateral (
     select sum(pg_relation_size(x.indexrelid))::float8 as bytes, sum(pg_stat_get_numscans(x.indexrelid))::float8 as scans,
       bool_and(x.indisvalid) as is_whole,
       bool_or(${isBuilt}) as is_built
     from pg_index x
     where x.indexrelid = i.id or x.indexrelid in (select relid from pg_partition_tree(i.id))
   ) as p
   order by i.name`,
)

const ranges = rawStatement(
  `select c.oid::regclass::text, c.relname, part.name, coalesce(part.is_valid, false)
   from pg_partition_tree($1::text::regclass) t join pg_class c on c.oid = t.relid
   left join lateral (
     select x.indexrelid::regclass::text as name, x.indisvalid as is_valid
     from pg_index x join pg_inherits h on h.inhrelid = x.indexrelid
     where x.indrelid = c.oid and h.inhparent = to_regclass($2)
   ) as part on true
   where t.isleaf and c.relkind = 'r' and c.relispartition order by c.oid`,
)

const isOfRanges = rawStatement(`select relkind = 'p' from pg_class where oid = $1::text::regclass`)

/** All indexes of the resource. */
export async function listIndexes(
  { run }: Pick<Runner, 'run'>,
  { name: resource, table }: Resource,
): Promise<readonly ResourceIndex[]> {
  const { rows } = await run(list, [table])
  return rows.map(([name, definition, isWhole, isBuilt, bytes, scans]) => ({
    resource,
    name: String(name),
    field: fieldOf(table, String(name)),
    state: isWhole === true ? 'ready' : isBuilt === true ? 'building' : 'invalid',
    definition: String(definition),
    bytes: Number(bytes),
    scans: Number(scans),
  }))
}

/**
 * Adds an index for what is asked of `field`, while records are written; one that an interrupted call left behind is made
 * again. `begin` is called before anything is changed. Throws RpcError -32602 (`field`) for what no index can serve, and for what
 * one serves anyway.
 */
export async function addIndex(
  database: Database,
  resource: Resource,
  field: string,
  begin: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { table } = resource
  const name = nameOf(table, field)
  const body = bodyOf(resource, field)
  const found = (await listIndexes(database, resource)).find(index => index.name === name)
  if (found?.state === 'ready' || found?.state === 'building') return
  await begin()
  // The embedded engine serves nobody else meanwhile, with or without `concurrently`.
  if (database.engine === 'pglite') {
    await database.transaction(
      async runner => {
        await ask(runner, `drop index if exists ${name}`)
        await ask(runner, `create index ${name} on ${table} ${body}`)
      },
      { isLong: true },
    )
    return
  }
  if ((await database.run(isOfRanges, [table])).rows[0]?.[0] === true) {
    await addToRanges(database, { table, name, body, field })
    return
  }
  if (found !== undefined) await database.command(`drop index concurrently if exists ${name}`)
  await database.command(`create index concurrently ${name} on ${table} ${body}`)
}

interface IndexInput {
  readonly table: string
  readonly name: string
  readonly body: string
  readonly field: string
}

/** First the index of the table alone, which later ranges inherit; then that of each range. With the last one it is whole. */
async function addToRanges(database: Database, { table, name, body, field }: IndexInput): Promise<void> {
  const known = (await database.run(ranges, [table, name])).rows
  // When every part is there, none can be attached, and only attaching the last one makes the whole valid.
  const isBroken =
    known.every(([, , part]) => part !== null) ||
    known.some(([, , part, isValid]) => part !== null && isValid !== true)
  await lockBriefly(database, [
    ...(isBroken ? [`drop index if exists ${name}`] : []),
    `create index if not exists ${name} on only ${table} ${body}`,
  ])
  const parts = (await database.run(ranges, [table, name])).rows
  for (const [range, bareName, part] of parts) {
    if (part !== null) continue
    const partName = nameOf(String(bareName), field)
    await database.command(`drop index concurrently if exists ${partName}`)
    await database.command(`create index concurrently ${partName} on ${range} ${body}`)
    await ask(database, `alter index ${name} attach partition ${partName}`)
  }
}

/** `begin` is called before it is removed. Throws RpcError 105 (`index_not_found`) when none was added for `field`. */
export async function removeIndex(
  database: Database,
  resource: Resource,
  field: string,
  begin: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { table } = resource
  const name = nameOf(table, field)
  const found = (await listIndexes(database, resource)).find(index => index.name === name)
  if (found === undefined) {
    const path = 'field'
    throw new RpcError('index_not_found', 'No index was added for this field', { path })
  }
  await begin()
  const isWhole = (await database.run(isOfRanges, [table])).rows[0]?.[0] === true
  if (database.engine === 'postgres' && !isWhole) {
    await database.command(`drop index concurrently ${name}`)
    return
  }
  // The index of a table of ranges can only be dropped as a whole.
  await lockBriefly(database, [`drop index ${name}`])
}

/** Runs changes that block writers, waiting at most five seconds for their lock. */
async function lockBriefly(database: Database, commands: readonly string[]): Promise<void> {
  await database.transaction(async runner => {
    for (const sql of [`set local lock_timeout = '5s'`, ...commands]) await ask(runner, sql)
  })
}

async function ask({ run }: Pick<Runner, 'run'>, sql: string): Promise<void> {
  await run(plainStatement(sql), [])
}

/** Tables and fields are declared here: no name needs quotes, and none is too long. */
function nameOf(table: string, field: string): string {
  return `${table}_added_${field}`
}

function fieldOf(table: string, name: string): string | null {
  const start = nameOf(table, '')
  return name.startsWith(start) ? name.slice(start.length) : null
}

/** What follows `create index … on …`. */
function bodyOf({ fields, language, nameField, ordering }: Resource, name: string): string {
  const { time, timeNullable, key } = ordering
  if (name === duration && language.keys.has('duration_from')) return '((finish_time - start_time))'
  const field: Field | undefined = fields.find(each => each.name === name)
  if (field === undefined || field.filter === false) throw refused('it has no conditions', 'unknown_field')
  if (name === nameField || name === key || name === time) {
    throw refused('an index serves it in every installation', 'already_indexed')
  }
  if (field.kind === 'text') throw refused('no index knows what a text contains', 'not_indexable')
  if (field.kind === 'json') return `using gin (${name} jsonb_path_ops)`
  if (field.kind === 'time') return `(${name})`
  return `(${name}, ${time}${timeNullable ? ' nulls first' : ''}, ${key})`
}

function refused(why: string, reason: ReasonOf<'invalid_params'>): RpcError {
  return invalidParams('field', why, reason)
}

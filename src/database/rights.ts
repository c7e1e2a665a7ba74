import { sql } from 'kysely'
import type { Runner } from './database.ts'
import { tables } from './schema.ts'
import { StartError } from './start-error.ts'

/** What the role of a connection may do in the schema where the tables are; names quoted as SQL takes them. */
interface Rights {
  readonly role: string
  readonly schema: string
  readonly may_create: boolean
  /** Tables that are there and may not be read and written. */
  readonly tables: readonly string[]
  /** Sequences that may not be used. */
  readonly sequences: readonly string[]
}

/**
 * Throws StartError, with the grant that helps, where the role lacks a right: to read and write the tables that are there, or,
 * with `willMigrate`, to make more of them.
 */
export async function requireRights({ kysely }: Pick<Runner, 'kysely'>, willMigrate: boolean): Promise<void> {
  const names = Object.keys(tables)
  const { rows } = await sql<Rights>`
    select quote_ident(current_user) as role, quote_ident(current_schema()) as schema,
      has_schema_privilege(current_schema(), 'create') as may_create,
      array(select relname from pg_class where relnamespace = n.oid and relname = any(${names}) and relkind in ('r', 'p')
        and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
          and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete')) order by 1)::text[] as tables,
      array(select relname from pg_class where relnamespace = n.oid
        and exists (select from unnest(${names}::text[]) as t(name) where starts_with(relname, t.name || '_'))
        and case relkind when 'S' then not has_sequence_privilege(oid, 'usage') end order by 1)::text[] as sequences
    from pg_namespace n where nspname = current_schema()`.execute(kysely)
  const [rights] = rows
  if (rights === undefined) throw new StartError('the search_path names no schema')
  const { role, schema } = rights
  if (willMigrate && !rights.may_create) {
    throw new StartError(
      `the role ${role} may make no tables in the schema ${schema}: grant create on schema ${schema} to ${role}`,
    )
  }
  if (rights.tables.length > 0) {
    throw new StartError(
      `the role ${role} may not read and write ${rights.tables.join(', ')}: grant select, insert, update, delete on all tables in schema ${schema} to ${role}`,
    )
  }
  if (rights.sequences.length > 0) {
    throw new StartError(
      `the role ${role} may draw no ids from ${rights.sequences.join(', ')}: grant usage on all sequences in schema ${schema} to ${role}`,
    )
  }
}

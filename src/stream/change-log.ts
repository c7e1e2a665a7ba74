import { type Kysely, sql } from 'kysely'
import type { AnyTables } from '../condition/compile.ts'
import type { MatchedRow } from '../condition/match.ts'
import type { Database, Runner } from '../database/database.ts'
import { compileStatement, rawStatement, Slot, type Statement, statementName } from '../database/statement.ts'
import { type ErrorDetail, invalidInput, RpcError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { findMembers, valueEnd } from '../json-scan.ts'
import type { Resource } from '../resource/resource.ts'
import { renderRow } from '../resource/select/render.ts'

/** A numbered change: the record as it is now. */
export interface Change {
  readonly number: number
  /** The wire row as JSON text. */
  readonly text: string
  /** The same to be matched; parsed when first asked for. */
  readonly row: () => MatchedRow
}

export interface Changes {
  /** In order. Changes of records that are gone by now are left out. */
  readonly changes: readonly Change[]
  /** The last number checked; `after` if there is none beyond it. */
  readonly through: number
  /** Nothing followed it at the time of the read. */
  readonly isEnd: boolean
}

/** Why no reader can resume from a number, with the oldest number kept or the last one assigned. */
export interface NotKept {
  readonly reason: 'sequence_too_old' | 'sequence_ahead'
  readonly oldest?: number
  readonly last?: number
}

/** The numbered changes of each resource: 1, 2, 3 … in the order in which they were committed. */
export interface ChangeLog {
  /** The last number that was given out. */
  position(resource: Resource): Promise<number>
  /** Undefined where it can be gone on from `after`. */
  whyNotKept(resource: Resource, after: number): Promise<NotKept | undefined>
  /**
   * The changes behind `after`, at most `max` numbers and about 1 MiB of rows. Throws RpcError 108
   * (`sequence_too_old`) when the next ones have expired.
   */
  read(resource: Resource, after: number, max: number): Promise<Changes>
}

/**
 * Limits the rows of one read, since each reader catching up holds one in memory; the first row is always
 * read.
 */
const maxBytes = 1024 * 1024

const position = rawStatement('select last_number from stream_position where resource = $1')

const goneNumber = rawStatement('select gone_number from stream_position where resource = $1')

const oldestChange = rawStatement(
  `select last_number - cardinality(record_ids) + 1 from record_change
   where resource = $1 order by last_number limit 1`,
)

export function createChangeLog(database: Database): ChangeLog {
  const statements = new Map<Resource, Statement>()

  function statementOf(resource: Resource): Statement {
    const known = statements.get(resource) ?? readStatement(resource, database)
    statements.set(resource, known)
    return known
  }

  async function positionOf(resource: Resource): Promise<number> {
    return Number((await database.run(position, [resource.name])).rows[0]?.[0] ?? 0)
  }

  async function oldestOf(resource: Resource): Promise<number | undefined> {
    const { rows } =
      resource.recorded === 'publish'
        ? await database.run(oldestRow(resource), [resource.name])
        : await database.run(oldestChange, [resource.name])
    const [oldest] = rows[0] ?? []
    return oldest === undefined || oldest === null ? undefined : Number(oldest)
  }

  /**
   * Throws if a change between `after` and `last` has expired. Any other hole is a deleted
   * record.
   */
  async function requireKept(resource: Resource, after: number): Promise<void> {
    const gone = Number((await database.run(goneNumber, [resource.name])).rows[0]?.[0])
    if (after < gone) throw tooOld(gone + 1)
  }

  return {
    position: positionOf,
    async whyNotKept(resource, after) {
      const last = await positionOf(resource)
      if (after > last) return { reason: 'sequence_ahead', last }
      const oldest = (await oldestOf(resource)) ?? last + 1
      return after + 1 < oldest ? { reason: 'sequence_too_old', oldest } : undefined
    },
    async read(resource, after, max) {
      const { rows } = await database.run(statementOf(resource), [resource.name, after, max, maxBytes])
      const jsonColumns = jsonColumnsOf(resource)
      const changes: Change[] = []
      const [first] = rows[0] ?? []
      // Numbers have no holes, but a record that bears its own number may have been deleted with it.
      if (resource.recorded === 'append' && first !== undefined && Number(first) !== after + 1) {
        throw tooOld(Number(first))
      }
      if (resource.recorded === 'publish' && Number(rows.at(-1)?.[0] ?? after) > after + rows.length) {
        await requireKept(resource, after)
      }
      let through = after
      let isEnd = rows.length < max
      for (const [number, text, fits, ...nulls] of rows) {
        if (fits === false) {
          isEnd = false
          break
        }
        through = Number(number)
        if (text === null) continue
        changes.push({
          number: through,
          text: String(text),
          row: rowOf(String(text), jsonColumns, nulls),
        })
      }
      return { changes, through, isEnd }
    },
  }
}

/** On the wire a column that is null looks like one that holds a JSON null. */
function jsonColumnsOf({ fields }: Resource): readonly string[] {
  return fields.filter(field => field.kind === 'json' && field.nullable === true).map(field => field.name)
}

function rowOf(text: string, jsonColumns: readonly string[], nulls: readonly unknown[]): () => MatchedRow {
  let row: MatchedRow | undefined
  return () => {
    row ??= parseRow(text, jsonColumns, nulls)
    return row
  }
}

function parseRow(text: string, jsonColumns: readonly string[], nulls: readonly unknown[]): MatchedRow {
  const members = parseJson(text) as Record<string, unknown>
  const others = Object.keys(members).filter(name => members[name] === null && !jsonColumns.includes(name))
  return {
    members,
    nulls: new Set([...others, ...jsonColumns.filter((_, i) => nulls[i] === true)]),
    payloadText: column => payloadOf(text, column),
    lowered: new Map(),
  }
}

/** PostgreSQL has written it into the text of the row. */
function payloadOf(text: string, column: string): string {
  const begin = findMembers(text, 0, key => key === column).get(column) ?? 0
  return text.slice(begin, valueEnd(text, begin))
}

function readStatement(resource: Resource, { kysely }: Pick<Runner, 'kysely'>): Statement {
  const { fields, ordering, table } = resource
  const nulls = jsonColumnsOf(resource).map((name, i) => sql`${sql.ref(name)} is null as ${sql.ref(`n${i}`)}`)
  const nullNames = nulls.map((_, i) => sql.ref(`n${i}`))
  const row = sql`select ${sql.join([sql`${renderRow(fields)} as j`, ...nulls])} from ${sql.table(table)}
    where ${sql.ref(`${table}.${ordering.key}`)} = placed.record`
  const statement = sql`with placed as materialized (${placesOf(resource)}), measured as (
    select number, j, ${sql.join([
      sql`sum(coalesce(octet_length(j), 0)) over ordered <= ${bytes} or row_number() over ordered = 1 as fits`,
      ...nullNames,
    ])}
    from placed left join lateral (${row}) as r on true
    window ordered as (order by number)
  ) select ${sql.join([sql.ref('number'), sql`case when fits then j end`, sql.ref('fits'), ...nullNames])}
  from measured order by number`
  const query = { compile: () => statement.compile(kysely as unknown as Kysely<AnyTables>) }
  const { sql: text } = query.compile()
  return compileStatement(query, statementName(text))
}

const [name, after, most, bytes] = [0, 1, 2, 3].map(index => new Slot(index))

/**
 * The numbers behind `after` and their records. Rows of record_change are found by the last of their numbers.
 */
function placesOf({ recorded, table, ordering }: Resource): ReturnType<typeof sql> {
  if (recorded === 'publish') {
    const key = sql.ref(ordering.key)
    return sql`select ${key} as number, ${key} as record from ${sql.table(table)}
      where ${key} > ${after} order by 1 limit ${most}`
  }
  const number = sql`c.last_number - cardinality(c.record_ids) + u.place`
  return sql`select ${number} as number, u.record
    from (select * from record_change where resource = ${name} and last_number > ${after}
      order by last_number limit ${most}) as c
    cross join lateral unnest(c.record_ids) with ordinality as u (record, place)
    where ${number} > ${after} order by c.last_number, u.place limit ${most}`
}

function oldestRow({ table, ordering }: Resource): Statement {
  return rawStatement(
    `select greatest(number, gone_number + 1) from (select min(${ordering.key}) as number from ${table}) as oldest
     left join stream_position on resource = $1 where number is not null`,
  )
}

const notKeptTexts = {
  sequence_too_old: 'the changes behind it are not kept any more',
  sequence_ahead: 'nothing has come that far yet',
} as const

/** The 108 for a result of whyNotKept, with only the details the caller may see. */
export function notKept({ reason }: NotKept, path: string, known: ErrorDetail): RpcError {
  return invalidInput(path, notKeptTexts[reason], reason, known)
}

/** For internal use: clients never see the number. */
function tooOld(oldest: number): RpcError {
  return new RpcError('sequence_too_old', `Changes are kept from number ${oldest} on`)
}

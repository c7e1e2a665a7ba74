import { type Kysely, sql } from 'kysely'
import type { AnyTables } from '../condition/compile.ts'
import type { Runner } from '../database/database.ts'
import type { StatementCache } from '../database/statement-cache.ts'
import { JsonText } from '../json.ts'
import { epochMilliseconds, renderRow } from './render.ts'
import type { Resource, ResourceField } from './resource.ts'
import { type Selection, shapeSelection } from './selection.ts'

/** What reading a resource needs. */
export interface Reader {
  readonly resource: Resource
  readonly builder: Kysely<AnyTables>
  readonly cache: StatementCache
  readonly runner: Pick<Runner, 'run'>
}

/** Rows as Postgres rendered them: a JSON array, and how many it holds. */
export interface RenderedRows {
  readonly rows: JsonText
  readonly count: number
}

/** The wire rows of a selection. */
export async function readRows(reader: Reader, selection: Selection): Promise<RenderedRows> {
  const { resource, builder, cache, runner } = reader
  const shape = shapeSelection(resource, selection)
  const statement = cache.get(`${resource.name}|rows|${shape.key}`, () => {
    const rendered = builder
      .selectFrom(shape.build(builder).as('s'))
      .select(renderRow(resource.fields).as('j'))
    return builder
      .selectFrom(rendered.as('t'))
      .select([
        sql<string>`'[' || coalesce(string_agg(j, ','), '') || ']'`.as('rows'),
        sql<string>`count(*)::text`.as('count'),
      ])
  })
  const { rows } = await runner.run(statement, shape.values)
  const [text, count] = rows[0] ?? ['[]', '0']
  return { rows: new JsonText(String(text)), count: Number(count) }
}

/** A wire row and where it stands in the order (`time`: epoch ms). */
export interface PlacedRow {
  readonly text: string
  readonly time: number | null
  readonly key: number
}

/** The rows of a selection one by one, with only the members `fields`. */
export async function readPlacedRows(
  reader: Reader,
  selection: Selection,
  fields: readonly ResourceField[],
): Promise<readonly PlacedRow[]> {
  const { resource, builder, cache, runner } = reader
  const { time, key } = resource.ordering
  const shape = shapeSelection(resource, selection)
  const members = fields.map(field => field.name).join()
  const statement = cache.get(`${resource.name}|placed|${members}|${shape.key}`, () =>
    builder
      .selectFrom(shape.build(builder).as('s'))
      .select([
        renderRow(fields).as('j'),
        sql`${epochMilliseconds(time)}::text`.as('t'),
        sql`${sql.ref(key)}::text`.as('k'),
      ]),
  )
  const { rows } = await runner.run(statement, shape.values)
  return rows.map(([text, at, id]) => ({
    text: String(text),
    time: at === null ? null : Number(at),
    key: Number(id),
  }))
}

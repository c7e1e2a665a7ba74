import { type Kysely, sql } from 'kysely'
import type { AnyTables } from '../condition/compile.ts'
import type { Runner } from '../database/database.ts'
import { Slot } from '../database/statement.ts'
import type { StatementCache } from '../database/statement-cache.ts'
import { JsonText } from '../json.ts'
import { type Bound, type Bounded, measureOf, readWithin } from './answer-bound.ts'
import { epochMilliseconds, renderRow } from './render.ts'
import type { Resource, ResourceField } from './resource.ts'
import { type Selection, shapeSelection } from './selection.ts'

/** What reading a resource needs. */
export interface Reader {
  readonly resource: Resource
  readonly builder: Kysely<AnyTables>
  readonly cache: StatementCache
  readonly runner: Pick<Runner, 'run'>
  /** Bytes that the rows of one answer may take; default 64 MiB. */
  readonly maxBytes?: number | undefined
}

const defaultMaxBytes = 64 * 1024 * 1024

/** Rows as Postgres rendered them: a JSON array, and how many it holds. */
export interface RenderedRows {
  readonly rows: JsonText
  readonly count: number
}

/** The wire rows of a selection. Throws RpcError 110 (reason `answer_too_large`). */
export async function readRows(reader: Reader, selection: Selection): Promise<RenderedRows> {
  const { maxBytes = defaultMaxBytes } = reader
  const { limit } = selection
  const { rows, count } = await readWithin({ maxBytes, limit }, bound => renderRows(reader, selection, bound))
  return { rows, count }
}

async function renderRows(
  { resource, builder, cache, runner }: Reader,
  selection: Selection,
  bound: Bound,
): Promise<RenderedRows & Bounded> {
  const shape = shapeSelection(resource, selection)
  const bytes = new Slot(shape.values.length)
  const statement = cache.get(`${resource.name}|rows|${bound.measure}|${shape.key}`, () => {
    const rendered = builder
      .selectFrom(shape.build(builder).as('s'))
      .select(renderRow(resource.fields).as('j'))
      // Otherwise Postgres would render a row anew wherever it is mentioned.
      .offset(sql.lit(0))
    const measured = builder
      .selectFrom(rendered.as('t'))
      .select(['j', measureOf(bound, sql.ref('j')).as('size')])
    return builder
      .selectFrom(measured.as('m'))
      .select([
        sql`'[' || coalesce(string_agg(j, ',') filter (where size <= ${bytes}), '') || ']'`.as('rows'),
        sql`count(*)::text`.as('count'),
        sql`count(*) filter (where size > ${bytes})::text`.as('left_out'),
      ])
  })
  const { rows } = await runner.run(statement, [...shape.values, bound.bytes])
  const [text, count, leftOut] = rows[0] ?? ['[]', '0', '0']
  return { rows: new JsonText(String(text)), count: Number(count), leftOut: Number(leftOut) }
}

/** A wire row and where it stands in the order (`time`: epoch ms). */
export interface PlacedRow {
  readonly text: string
  readonly time: number | null
  readonly key: number
}

/**
 * The rows of a selection one by one, with only the members `fields`.
 * Throws RpcError 110 (reason `answer_too_large`).
 */
export async function readPlacedRows(
  reader: Reader,
  selection: Selection,
  fields: readonly ResourceField[],
): Promise<readonly PlacedRow[]> {
  const { maxBytes = defaultMaxBytes } = reader
  const { limit } = selection
  const { rows } = await readWithin({ maxBytes, limit }, bound =>
    placeRows(reader, { selection, fields, bound }),
  )
  return rows
}

interface Placing {
  readonly selection: Selection
  readonly fields: readonly ResourceField[]
  readonly bound: Bound
}

async function placeRows(
  { resource, builder, cache, runner }: Reader,
  { selection, fields, bound }: Placing,
): Promise<Bounded & { readonly rows: readonly PlacedRow[] }> {
  const shape = shapeSelection(resource, selection)
  const { time, key } = resource.ordering
  const members = fields.map(field => field.name).join()
  const bytes = new Slot(shape.values.length)
  const statement = cache.get(`${resource.name}|placed|${members}|${bound.measure}|${shape.key}`, () => {
    const rendered = builder
      .selectFrom(shape.build(builder).as('s'))
      .select([
        renderRow(fields).as('j'),
        sql`${epochMilliseconds(time)}::text`.as('t'),
        sql`${sql.ref(key)}::text`.as('k'),
      ])
      .offset(sql.lit(0))
    const measured = builder
      .selectFrom(rendered.as('r'))
      .select(['j', 't', 'k', measureOf(bound, sql.ref('j')).as('size')])
    return builder
      .selectFrom(measured.as('m'))
      .select([sql`case when size <= ${bytes} then j end`.as('text'), 't', 'k'])
  })
  const { rows } = await runner.run(statement, [...shape.values, bound.bytes])
  return {
    leftOut: rows.filter(([text]) => text === null).length,
    rows: rows.map(([text, at, id]) => ({
      text: String(text),
      time: at === null ? null : Number(at),
      key: Number(id),
    })),
  }
}

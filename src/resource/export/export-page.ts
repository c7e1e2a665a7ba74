import { sql } from 'kysely'
import { Slot } from '../../database/statement.ts'
import { RpcError } from '../../errors.ts'
import type { Resource } from '../resource.ts'
import { type Bound, measureOf } from '../select/answer-bound.ts'
import { epochMilliseconds } from '../select/render.ts'
import { RowBytes } from '../select/row-bytes.ts'
import type { SelectionShape } from '../select/selection.ts'
import type { Reader } from '../table.ts'
import type { ExportFormat } from './export-format.ts'

/** Where a row stands; `time`: epoch milliseconds, null in an export by key. */
export interface Place {
  readonly time: number | null
  readonly key: number
}

/** Some of the rows of an export, one behind the other. */
export interface ExportPage {
  /** Their lines, in UTF-8 where they are bytes. */
  readonly text: string | Buffer
  readonly rows: number
  /** Where the last of them stands; undefined when there is none. */
  readonly last: Place | undefined
  /** Whether no row is behind them. */
  readonly isLast: boolean
}

/** The first `limit` rows of what is still to come. */
export type ShapeOf = (limit: number) => SelectionShape

/** Reads the first rows of a selection, at most `most` of them and no more than a page holds. */
export type ReadExportPage = (shape: ShapeOf, most: number) => Promise<ExportPage>

/** What an export is made of; `byKey`: its rows come in the order of their keys, so that their times do not matter. */
export interface ExportForm {
  readonly format: ExportFormat
  readonly byKey: boolean
}

const maxRows = 1000
const maxBytes = 2 * 1024 * 1024
/** A row that no answer may hold is not exported either. */
const defaultMaxRowBytes = 64 * 1024 * 1024

/** Rows that were read for a page, and how many more did not fit. */
interface TakenRows extends Omit<ExportPage, 'isLast'> {
  readonly leftOut: number
}

/** Reads the rows of a selection of at most `limit` rows, as many of them as fit into so many bytes. */
type ReadRows = (shape: SelectionShape, limit: number, bytes: number) => Promise<TakenRows>

/**
 * Reads pages of an export, one at a time; larger rows make pages of fewer. Throws RpcError 110 (reason `answer_too_large`) for
 * a row above `reader.maxBytes`.
 */
export function createPageReader(reader: Reader, form: ExportForm): ReadExportPage {
  const { take } = reader.runner
  const read = take !== undefined && form.format.isWireRow ? bytesOf(reader, take) : textOf(reader, form)
  let rows = maxRows
  return async (shape, most) => {
    const limit = Math.min(rows, most)
    const taken = await read(shape(limit), limit, maxBytes)
    // Rows that are left out were read for nothing: the next page asks for about as many as fit.
    rows = Math.min(maxRows, Math.max(1, 2 * taken.rows))
    if (taken.rows > 0 || taken.leftOut === 0) {
      return { ...taken, isLast: taken.leftOut === 0 && taken.rows < limit }
    }
    const one = await read(shape(1), 1, reader.maxBytes ?? defaultMaxRowBytes)
    if (one.leftOut > 0) throw tooLarge()
    return { ...one, isLast: one.rows < 1 }
  }
}

/** Rows as text: Postgres joins the lines, since a value a page instead of one a row is half the work for us. */
function textOf(reader: Reader, form: ExportForm): ReadRows {
  // To measure each row costs next to nothing; their sum, a tenth more.
  let measure: Bound['measure'] = 'each'
  return async (shape, limit, bytes) => {
    if (measure === 'each') {
      const bound = { measure, bytes: Math.floor(bytes / limit) }
      const taken = await readLines(reader, { ...form, shape, bound })
      if (taken.leftOut === 0) return taken
      measure = 'together'
    }
    return readLines(reader, { ...form, shape, bound: { measure, bytes } })
  }
}

/** Wire rows as bytes: PostgreSQL does not render them, and nobody decodes them. */
function bytesOf(
  { resource, builder, cache }: Reader,
  take: NonNullable<Reader['runner']['take']>,
): ReadRows {
  let rowBytes = 0
  return async (shape, limit, most) => {
    const statement = cache.get(`${resource.name}|bytes|${shape.key}`, () => shape.build(builder))
    const taken = new RowBytes(resource.fields, {
      most,
      hopeless: Number.POSITIVE_INFINITY,
      asLines: true,
      likely: Math.min(maxBytes, Math.ceil(limit * rowBytes * 1.1)),
    })
    await take(statement, shape.values, taken, false)
    const { count: rows, leftOut } = taken
    const text = taken.whole()
    rowBytes = text.length / Math.max(1, rows)
    return { text, rows, last: rows === 0 ? undefined : placeOfLast(resource, text), leftOut }
  }
}

/** Where the row of the last line stands. */
function placeOfLast({ ordering }: Resource, lines: Buffer): Place {
  const begin = lines.lastIndexOf(lineFeed, lines.length - 2) + 1
  const row = JSON.parse(lines.toString('utf8', begin)) as Readonly<Record<string, number | null>>
  return { time: row[ordering.time] ?? null, key: Number(row[ordering.key]) }
}

const lineFeed = 0x0a

interface Lines extends ExportForm {
  readonly shape: SelectionShape
  readonly bound: Bound
}

async function readLines(
  { resource, builder, cache, runner }: Reader,
  { shape, format, byKey, bound }: Lines,
): Promise<TakenRows> {
  const { time, key } = resource.ordering
  const bytes = new Slot(shape.values.length)
  const form = `${format.contentType}|${byKey}|${bound.measure}`
  const statement = cache.get(`${resource.name}|export|${form}|${shape.key}`, () => {
    const rendered = builder
      .selectFrom(shape.build(builder).as('s'))
      .select([
        format.line(resource.fields).as('j'),
        (byKey ? sql`null` : epochMilliseconds(time)).as('t'),
        sql`${sql.ref(key)}`.as('k'),
      ])
      // Without this, Postgres would render a row again at each mention of it.
      .offset(sql.lit(0))
    const measured = builder
      .selectFrom(rendered.as('r'))
      .select(['j', 't', 'k', sql`${measureOf(bound, sql.ref('j'))} <= ${bytes}`.as('fits')])
    const taken = sql`filter (where fits)`
    const count = sql`count(*) ${taken}`
    const lastOf = (column: string) => sql`(array_agg(${sql.ref(column)}) ${taken})[${count}]`
    return builder
      .selectFrom(measured.as('m'))
      .select([
        sql`string_agg(j, ${sql.lit(format.lineEnd)}) ${taken}`.as('text'),
        sql`${count}`.as('taken'),
        sql`count(*)`.as('found'),
        (byKey ? sql`max(k) ${taken}` : lastOf('k')).as('key'),
        (byKey ? sql`null` : lastOf('t')).as('time'),
      ])
  })
  const [row = []] = (await runner.run(statement, [...shape.values, bound.bytes])).rows
  const [text, taken, found, lastKey, lastTime] = row
  const rows = Number(taken)
  const last = { time: lastTime === null ? null : Number(lastTime), key: Number(lastKey) }
  return {
    text: rows === 0 ? '' : `${text}${format.lineEnd}`,
    rows,
    last: rows === 0 ? undefined : last,
    leftOut: Number(found) - rows,
  }
}

function tooLarge(): RpcError {
  return new RpcError('answer_too_large', 'a row is too large to be exported', { retryable: false })
}

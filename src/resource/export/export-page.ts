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

/**
 * Reads pages of an export, one at a time. Where rows are texts Postgres joins the lines: a value a page instead of one a row is half the work
 * for us. Larger rows make pages of fewer. Throws RpcError 110 (reason `answer_too_large`) for a row above `reader.maxBytes`.
 */
export function createPageReader(reader: Reader, form: ExportForm): ReadExportPage {
  const { take } = reader.runner
  if (take !== undefined && form.format.isWireRow) return createBytePages(reader, take)
  // To measure each row costs next to nothing; their sum, a tenth more.
  let measure: Bound['measure'] = 'each'
  let rows = maxRows

  async function read(
    shape: ShapeOf,
    limit: number,
    bound: Bound,
  ): Promise<ExportPage & { readonly leftOut: number }> {
    const page = await readLines(reader, { ...form, shape: shape(limit), bound })
    return { ...page, isLast: page.leftOut === 0 && page.rows < limit }
  }

  return async (shape, most) => {
    if (measure === 'each') {
      const page = await read(shape, Math.min(maxRows, most), {
        measure,
        bytes: Math.floor(maxBytes / maxRows),
      })
      if (page.leftOut === 0) return page
      measure = 'together'
    }
    const page = await read(shape, Math.min(rows, most), { measure, bytes: maxBytes })
    // Rows that are rendered and left out are work for nothing: the next page asks for about as many as fit.
    rows = Math.min(maxRows, Math.max(1, 2 * page.rows))
    if (page.rows > 0 || page.leftOut === 0) return page
    const one = await read(shape, 1, { measure, bytes: reader.maxBytes ?? defaultMaxRowBytes })
    if (one.leftOut > 0) throw tooLarge()
    return one
  }
}

/** The same of wire rows, which are never texts here: PostgreSQL does not render them, and nobody decodes them. */
function createBytePages(reader: Reader, take: NonNullable<Reader['runner']['take']>): ReadExportPage {
  const { resource, builder, cache, maxBytes: maxRowBytes = defaultMaxRowBytes } = reader
  let rows = maxRows
  let likely = 0

  async function read(shape: SelectionShape, most: number): Promise<RowBytes> {
    const statement = cache.get(`${resource.name}|bytes|${shape.key}`, () => shape.build(builder))
    const taken = new RowBytes(resource.fields, {
      most,
      hopeless: Number.POSITIVE_INFINITY,
      asLines: true,
      likely,
    })
    await take(statement, shape.values, taken, false)
    return taken
  }

  function pageOf(taken: RowBytes, limit: number): ExportPage {
    const { count, leftOut } = taken
    const text = taken.whole()
    const isLast = leftOut === 0 && count < limit
    return { text, rows: count, last: count === 0 ? undefined : placeOfLast(resource, text), isLast }
  }

  return async (shape, most) => {
    const limit = Math.min(rows, most)
    const taken = await read(shape(limit), maxBytes)
    if (taken.count === 0 && taken.leftOut > 0) {
      rows = 1
      const one = await read(shape(1), maxRowBytes)
      if (one.leftOut > 0) throw tooLarge()
      return pageOf(one, 1)
    }
    // Rows that are left out were read for nothing: the next page asks for about as many as fit.
    rows = Math.min(maxRows, Math.max(1, 2 * taken.count))
    const page = pageOf(taken, limit)
    likely = Math.min(maxBytes, Math.ceil(page.text.length * (rows / Math.max(1, taken.count)) * 1.1))
    return page
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
): Promise<Omit<ExportPage, 'isLast'> & { readonly leftOut: number }> {
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
      // Otherwise Postgres would render a row anew wherever it is mentioned.
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

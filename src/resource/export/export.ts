import { sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import { beyond } from '../../condition/cursor.ts'
import type { Plan } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'
import type { Access } from '../select/access.ts'
import { selectionOf } from '../select/found.ts'
import { type SelectionShape, shapeSelection } from '../select/selection.ts'
import type { Reader } from '../table.ts'
import type { ExportFormat } from './export-format.ts'
import { createPageReader, type ExportPage, type Place } from './export-page.ts'

export interface ExportOptions {
  readonly reader: Reader
  readonly plan: Plan
  readonly format: ExportFormat
  /** Only rows whose key is greater. */
  readonly after: number | undefined
  /** What the caller may have now: the same object as long as that has not changed. Throws RpcError 101 or 102. */
  readonly access: () => Promise<Access>
}

/**
 * The rows that `plan` finds: all of them, oldest key first; with a limit those that a query would give, newest first.
 * Each page is a statement of its own, so that a slow reader holds neither a connection nor a snapshot; while one is
 * written the next is read. What is appended after it has begun is left out, so that it ends. `access` is asked again
 * before each page is given out.
 */
export function exportPages(options: ExportOptions): AsyncGenerator<ExportPage, void, undefined> {
  const { limit } = options.plan
  return limit === undefined ? pagesByKey(options) : pagesOfNewest(options, limit)
}

/** Reads what is behind `place`, and `done` rows of the export. */
type ReadBehind = (access: Access, place: Place | undefined, done: number) => Promise<ExportPage>

async function* walk(
  access: ExportOptions['access'],
  read: ReadBehind,
): AsyncGenerator<ExportPage, void, undefined> {
  let known = await access()
  let place: Place | undefined
  let done = 0
  let coming = read(known, place, done)
  for (;;) {
    const found = await coming
    const now = await access()
    const page = now === known ? found : await read(now, place, done)
    known = now
    place = page.last
    done += page.rows
    if (!page.isLast) {
      coming = read(known, place, done)
      // Once the reader has left, nobody awaits it.
      coming.catch(() => undefined)
    }
    if (page.rows > 0) yield page
    if (page.isLast) return
  }
}

async function* pagesByKey(options: ExportOptions): AsyncGenerator<ExportPage, void, undefined> {
  const { reader, format, after, access } = options
  const { resource } = reader
  const { key } = resource.ordering
  const readPage = createPageReader(reader, { format, byKey: true })
  // Before anything is read at all.
  await access()
  const last = await lastKey(reader)
  if (last === undefined) return
  const behindLast: Predicate = { type: 'before', columns: [key], values: [last + 1] }
  yield* walk(access, (allowed, place) => {
    const begin = place?.key ?? after
    const start: readonly Predicate[] =
      begin === undefined ? [] : [{ type: 'after', columns: [key], values: [begin] }]
    const predicates = [...allowed.predicates, behindLast, ...start]
    return readPage(limit => shapeByKey(resource, predicates, limit), Number.MAX_SAFE_INTEGER)
  })
}

function shapeByKey(resource: Resource, predicates: readonly Predicate[], limit: number): SelectionShape {
  const { key, values } = shapeOf(predicates)
  return {
    key: `by-key|${key}`,
    values: [...values, limit],
    build: builder =>
      builder
        .selectFrom(resource.table)
        .select(resource.fields.map(field => field.name))
        .where(allOf(predicates))
        .orderBy(resource.ordering.key)
        .limit(sql<number>`${new Slot(values.length)}`),
  }
}

async function lastKey({ resource, builder, cache, runner }: Reader): Promise<number | undefined> {
  const statement = cache.get(`${resource.name}|last-key`, () =>
    builder.selectFrom(resource.table).select(sql`max(${sql.ref(resource.ordering.key)})`.as('key')),
  )
  const key = (await runner.run(statement, [])).rows[0]?.[0]
  return key === null || key === undefined ? undefined : Number(key)
}

async function* pagesOfNewest(
  { reader, format, access }: ExportOptions,
  limit: number,
): AsyncGenerator<ExportPage, void, undefined> {
  const { resource } = reader
  const readPage = createPageReader(reader, { format, byKey: false })
  if (limit === 0) return void (await access())
  yield* walk(access, async (allowed, place, done) => {
    const starts = place && beyond({ order: 'newest', ...place }, resource.ordering)
    const left = limit - done
    const selection = await selectionOf(reader, allowed, { order: 'newest', starts, limit: left })
    const page = await readPage(rows => shapeSelection(resource, { ...selection, limit: rows }), left)
    return { ...page, isLast: page.isLast || page.rows === left }
  })
}

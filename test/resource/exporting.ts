import { systemClock } from '../../src/async/clock.ts'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import type { Identity } from '../../src/permission/grant.ts'
import { exportPages } from '../../src/resource/export/export.ts'
import type { ExportPage } from '../../src/resource/export/export-page.ts'
import { planExport } from '../../src/resource/export/export-plan.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { planAccess } from '../../src/resource/select/access.ts'
import { readerOf } from '../../src/resource/table.ts'
import { superToken } from './caller.ts'

export interface Exporting {
  readonly database: Database
  readonly resource: Resource
  readonly condition?: readonly unknown[]
  readonly format?: string
  readonly after?: number
  /** Asked before each page. */
  readonly caller?: () => Identity
  readonly maxBytes?: number
}

interface TextPage extends ExportPage {
  readonly text: string
}

/** The pages of an export, as the route gets them; what is bytes, as text. */
export async function* pagesOf(exporting: Exporting): AsyncGenerator<TextPage, void, undefined> {
  for await (const page of readPages(exporting)) yield { ...page, text: String(page.text) }
}

async function* readPages(exporting: Exporting): AsyncGenerator<ExportPage, void, undefined> {
  const { database, resource, condition = [], format = 'ndjson', after, maxBytes } = exporting
  const { caller = () => superToken } = exporting
  const parameters = {
    condition: JSON.stringify(condition),
    format,
    ...(after !== undefined && { after: String(after) }),
  }
  const planned = await planExport(resource, parameters, {
    maxConditions: 100,
    maxDepth: 64,
    clock: systemClock,
    withViews: async query => query,
  })
  const reader = readerOf(resource, { database, cache: createStatementCache(), maxAnswerBytes: maxBytes })
  let known: { caller: Identity; access: ReturnType<typeof planAccess> } | undefined
  const access = async () => {
    const now = caller()
    if (known?.caller !== now)
      known = { caller: now, access: planAccess(resource, 'read', now, planned.plan) }
    return known.access
  }
  yield* exportPages({ reader, ...planned, access })
}

/** All of an export. */
export async function exportText(exporting: Exporting): Promise<string> {
  let text = ''
  for await (const page of pagesOf(exporting)) text += page.text
  return text
}

/** The lines of NDJSON, as they stand. */
export function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** The cells of CSV, read as RFC 4180 says. */
export function cellsOf(csv: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

import { stringifyJson } from '../json.ts'
import { getBytes, urlBeside } from './get.ts'
import type { Connection } from './transport.ts'

export interface ExportOptions {
  /** `ndjson` if absent. */
  readonly format?: 'ndjson' | 'csv'
  /** Start CSV with a byte order mark, so that spreadsheets read it as UTF-8. */
  readonly bom?: boolean | undefined
  /** Only records with a greater key: resumes an export that was cut off. */
  readonly after?: number | undefined
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal
}

/** The bytes of an export, as `getBytes` gives them. */
export function exportBytes(
  connection: Connection,
  asked: { readonly resource: string; readonly condition: readonly unknown[] },
  { format, after, bom, signal }: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const url = urlBeside(connection, `/export/${encodeURIComponent(asked.resource)}`)
  url.searchParams.set('condition', stringifyJson(asked.condition))
  if (format !== undefined) url.searchParams.set('format', format)
  if (bom === true) url.searchParams.set('bom', 'true')
  if (after !== undefined) url.searchParams.set('after', String(after))
  return getBytes(url, connection, { expected: 'an export', signal })
}

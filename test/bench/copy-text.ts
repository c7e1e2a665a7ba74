import type { SampleRow } from './sample-row.ts'

/** The statement that takes what `copyText` makes. */
export const copyStatement =
  'copy js_result (js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message) from stdin'

/** Rows in the text format of COPY, one a line. */
export function copyText(rows: readonly SampleRow[]): string {
  return rows.map(copyLine).join('')
}

function copyLine(row: SampleRow): string {
  const columns = [
    String(row.js_worker_id),
    escapeText(row.js_worker_name),
    escapeText(row.run_type),
    timestamp(row.start_time),
    timestamp(row.finish_time),
    json(row.param),
    json(row.result),
    row.error_message === null ? nothing : escapeText(row.error_message),
  ]
  return `${columns.join('\t')}\n`
}

const nothing = '\\N'
const escapes = new Map([
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
])

function escapeText(text: string): string {
  return text.replace(/[\\\t\n\r]/g, character => escapes.get(character) ?? character)
}

function timestamp(epochMs: number | null): string {
  return epochMs === null ? nothing : new Date(epochMs).toISOString()
}

function json(value: unknown): string {
  return value === null ? nothing : escapeText(JSON.stringify(value))
}

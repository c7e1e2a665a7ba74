import { stringifyJson } from '../../src/json.ts'

const shownRows = 2

/** The lines of one exchange; a long answer is shortened, and says so. */
export function exchangeLines(title: string, request: object, result: unknown): readonly string[] {
  return ['', bold(title), `  → ${stringifyJson(request)}`, ...answerLines(result).map(line => `  ← ${line}`)]
}

function answerLines(result: unknown): readonly string[] {
  if (!Array.isArray(result)) return [stringifyJson(result)]
  const rows = result.slice(0, shownRows).map(row => `  ${stringifyJson(row)}`)
  const hidden = result.length - rows.length
  const more = hidden > 0 ? [`  … and ${countRows(hidden)} more, not shown here`] : []
  return [countRows(result.length), ...rows, ...more]
}

function countRows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}

/** Heavier on a terminal, as it is elsewhere. */
export function bold(text: string): string {
  return process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text
}

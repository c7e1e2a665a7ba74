/**
 * The text of one parameter, for PGlite: exactly what pg sends for the same value, so that no query works on
 * one engine only. PGlite's own rules depend on the column (an array for jsonb would become JSON there).
 */
export function parameterText(value: unknown): string {
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `{${value.map(elementText).join(',')}}`
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return String(value)
}

function elementText(element: unknown): string {
  if (element === null || element === undefined) return 'NULL'
  if (Array.isArray(element)) return parameterText(element)
  return `"${parameterText(element).replace(/[\\"]/g, '\\$&')}"`
}

/** toISOString throws for an invalid Date and signs years after 9999, which PostgreSQL does not read. */
function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return 'Invalid Date'
  const year = date.getUTCFullYear()
  const rest = date.toISOString().replace(/^[+-]?\d+/, '')
  if (year < 1) return `${String(1 - year).padStart(4, '0')}${rest} BC`
  return String(year).padStart(4, '0') + rest
}

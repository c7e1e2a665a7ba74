import { parseJson } from '../json.ts'

/** Turns the text of one column value into a JavaScript value. */
export type ParseColumn = (text: string) => unknown

/** PostgreSQL's type numbers (pg_type.oid), which never change. */
export const oid = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
} as const

const asText: ParseColumn = text => text

/**
 * What both engines make of a column; a type that is not listed stays text. json and jsonb stay text too:
 * rows are spliced into answers unparsed, and a number that a double cannot hold keeps its digits.
 */
export const columnParsers: ReadonlyMap<number, ParseColumn> = new Map<number, ParseColumn>([
  [oid.bool, text => text === 't'],
  [oid.bytea, text => Buffer.from(text.slice(2), 'hex')],
  [oid.int8, parseInt8],
  [oid.int2, Number],
  [oid.int4, Number],
  [oid.oid, Number],
  [oid.float4, Number],
  [oid.float8, Number],
  [oid.timestamptz, parseTimestamp],
  [oid.date, asText],
  [oid.timestamp, asText],
  [oid.json, asText],
  [oid.jsonb, asText],
])

/** The same for queries through Kysely, which gives json and jsonb parsed. */
export const kyselyColumnParsers: ReadonlyMap<number, ParseColumn> = new Map([
  ...columnParsers,
  [oid.json, parseJson],
  [oid.jsonb, parseJson],
])

function parseInt8(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

const timestampText =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d(?:\.\d+)?)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/

/** Date.parse knows neither years after 9999 nor BC. `infinity` becomes an invalid Date. */
function parseTimestamp(text: string): Date {
  const match = timestampText.exec(text)
  if (match === null) return new Date(Number.NaN)
  const part = (group: number): number => Number(match[group] ?? 0)
  const year = match[11] === undefined ? part(1) : 1 - part(1)
  const offset = (part(8) * 60 + part(9)) * 60 + part(10)
  const date = new Date(0)
  date.setUTCFullYear(year, part(2) - 1, part(3))
  date.setUTCHours(part(4), part(5), 0, Math.floor(part(6) * 1000 + 1e-6))
  return new Date(date.getTime() - (match[7] === '-' ? -offset : offset) * 1000)
}

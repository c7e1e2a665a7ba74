import { isExactNumber, stringifyJson } from '../../json.ts'
import { durationText, exactTimeText, isMoment, timeText, type Zone } from './time-text.ts'
import { visibleText } from './visible-text.ts'

/** How a value is shown to a person: `line` is the first line of a text, `state` may have a colour. */
export type CellKind = 'plain' | 'time' | 'duration' | 'state' | 'line'

export interface CellOptions {
  readonly zone: Zone
  /** Times to the millisecond, with their zone. */
  readonly isExact?: boolean
}

const lengths = /_ms$|^max_run_time$|^runtime_clean_time$/
const moments = /^time$|_time$|_at$|timestamp|_until$|^last_delivered$|^oldest$|^since$/

/** The kind of a record's member, by its name. */
export function kindOf(member: string): CellKind {
  if (lengths.test(member)) return 'duration'
  if (moments.test(member)) return 'time'
  if (member === 'status' || member === 'state') return 'state'
  return 'plain'
}

/** A value as text without control characters; null is `-`. */
export function cellText(value: unknown, kind: CellKind, { zone, isExact }: CellOptions): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return visibleText(kind === 'line' ? firstLine(value) : value)
  if (isExactNumber(value)) return value.rawJSON
  if (typeof value === 'number' && kind === 'duration') return durationText(value)
  if (typeof value === 'number' && kind === 'time' && isMoment(value)) {
    return isExact === true ? exactTimeText(value, zone) : timeText(value, zone)
  }
  return visibleText(stringifyJson(value))
}

function firstLine(text: string): string {
  return /^\s*(.*)/.exec(text)?.[1] ?? ''
}

export type Row = Readonly<Record<string, unknown>>

/** What a list shows of each row under one title. */
export interface Column {
  readonly title: string
  readonly kind: CellKind
  read(row: Row): unknown
}

/** A member of the row under its own name, or under a shorter one. */
export function member(name: string, title = name, kind: CellKind = kindOf(name)): Column {
  return { title, kind, read: row => (Object.hasOwn(row, name) ? row[name] : undefined) }
}

/** A column for each member that a row has. */
export function allMembers(rows: readonly object[]): readonly Column[] {
  return [...new Set(rows.flatMap(row => Object.keys(row)))].map(name => member(name))
}

/** The members that never hold an object: a payload says nothing in a narrow column. */
export function plainMembers(rows: readonly object[]): readonly Column[] {
  return allMembers(rows).filter(({ read }) => !rows.some(row => isObject(read(row as Row))))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('rawJSON' in value)
}

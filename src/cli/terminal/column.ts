import { type CellKind, kindOf } from './cell.ts'

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

/** The members that never hold an object: payloads say nothing in a column that is cut. */
export function plainMembers(rows: readonly object[]): readonly Column[] {
  return allMembers(rows).filter(({ read }) => !rows.some(row => isObject(read(row as Row))))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('rawJSON' in value)
}

/** When a definition fires, of which the expression says enough. */
export function cronOf({ schedule }: Row): unknown {
  return isObject(schedule) ? (schedule as { cron?: unknown }).cron : null
}

import { parseJson, stringifyJson } from '../json.ts'
import type { Sealer } from '../seal.ts'

/** Where a member of a definition is kept, and as what. */
export interface Storage<Value> {
  /** Absent: the column of the member's own name. */
  readonly columns?: readonly string[]
  /** What stands in the columns, in their order. */
  write(value: Value, sealer: Sealer): readonly unknown[]
  read(values: readonly unknown[], sealer: Sealer): Value
}

/** A value that the driver takes and gives as it is: text, a number, a boolean, or null. */
export function plain<Value>(column?: string): Storage<Value> {
  return {
    ...(column !== undefined && { columns: [column] }),
    write: value => [value],
    // Only we write the column, with values of this type.
    read: ([value]) => value as Value,
  }
}

/** JSON, whose numbers keep their digits; null is the column's null. */
export function json<Value>(column?: string): Storage<Value> {
  return {
    ...(column !== undefined && { columns: [column] }),
    write: value => [value === null ? null : stringifyJson(value)],
    read: ([text]) => (text === null ? null : parseJson(String(text))) as Value,
  }
}

/** A moment in epoch milliseconds. */
export function moment(column?: string): Storage<number> {
  return {
    ...(column !== undefined && { columns: [column] }),
    write: value => [new Date(value)],
    read: ([value]) => Number(value),
  }
}

/** The same, or null. */
export function momentOrNull(column?: string): Storage<number | null> {
  return {
    ...(column !== undefined && { columns: [column] }),
    write: value => [value === null ? null : new Date(value)],
    read: ([value]) => (value === null ? null : Number(value)),
  }
}

/** A condition list as a client gave it; it is planned each time it is used. */
export const conditions: Storage<{ readonly condition: readonly unknown[] }> = {
  columns: ['condition'],
  write: ({ condition }) => [stringifyJson(condition)],
  read: ([text]) => ({ condition: parseJson(String(text)) as readonly unknown[] }),
}

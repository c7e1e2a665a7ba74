import { isExactNumber, stringifyJson } from '../json.ts'
import { visibleText } from './visible-text.ts'

const timeMember = /_time$|_at$|timestamp/

// The moments that a Date can hold.
const latest = 8.64e15

/** How a member of a record is shown to a person: a time as ISO 8601, null as `-`, no control characters. */
export function cellText(name: string, value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return visibleText(value)
  if (isExactNumber(value)) return value.rawJSON
  if (typeof value === 'number' && timeMember.test(name) && Math.abs(value) <= latest) {
    return new Date(value).toISOString()
  }
  return visibleText(stringifyJson(value))
}

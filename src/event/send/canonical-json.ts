import { isExactNumber, plainDigits } from '../../json.ts'

/**
 * The same text for the same JSON value, at any depth: whatever the order of an object's members and however its numbers are
 * written. Members that are undefined are left out, as in JSON. Only to be compared: no JSON parser reads its numbers back.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number') return plainDigits(String(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (isExactNumber(value)) return plainDigits(value.rawJSON)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

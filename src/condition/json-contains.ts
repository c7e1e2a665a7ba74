import { isExactNumber, plainDigits } from '../json.ts'

/**
 * PostgreSQL's jsonb containment (`held @> wanted`; manual, 8.14.3) over values that `parseJson` made: an object contains
 * one with some of its members, a list one with some of its elements in any order, and at the top a list also a scalar.
 */
export function containsJson(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(held) && isScalar(wanted)) return held.some(each => equalScalars(each, wanted))
  return containsValue(held, wanted)
}

function containsValue(held: unknown, wanted: unknown): boolean {
  if (isScalar(wanted)) return equalScalars(held, wanted)
  if (isScalar(held) || Array.isArray(held) !== Array.isArray(wanted)) return false
  if (Array.isArray(wanted)) return containsList(held as readonly unknown[], wanted)
  return Object.entries(wanted as object).every(
    ([key, value]) => Object.hasOwn(held as object, key) && containsValue((held as Members)[key], value),
  )
}

/** With fewer comparisons a set of what is held does not pay off. */
const fewComparisons = 1000

function containsList(held: readonly unknown[], wanted: readonly unknown[]): boolean {
  const isLong = held.length * wanted.length > fewComparisons
  const scalars = isLong ? new Set(held.filter(isScalar).map(scalarKey)) : undefined
  return wanted.every(each =>
    scalars !== undefined && isScalar(each)
      ? scalars.has(scalarKey(each))
      : held.some(one => containsValue(one, each)),
  )
}

/** Equal for equal scalars. No text in the database holds a NUL. */
function scalarKey(value: unknown): unknown {
  return isExactNumber(value) ? `\0${plainDigits(value.rawJSON)}` : value
}

type Members = Readonly<Record<string, unknown>>

export function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || isExactNumber(value)
}

// A number that a double cannot hold equals no double, and another only when both are written alike: jsonb writes a
// number's digits out, and so do we.
export function equalScalars(held: unknown, wanted: unknown): boolean {
  if (!isExactNumber(held) || !isExactNumber(wanted)) return held === wanted
  return plainDigits(held.rawJSON) === plainDigits(wanted.rawJSON)
}

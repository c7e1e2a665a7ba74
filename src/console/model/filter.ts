import { parseJson } from '../../json.ts'

/** A list of conditions as it is in the address. */
export type ReadFilter =
  | { readonly list: readonly unknown[]; readonly fault?: undefined }
  | { readonly list?: undefined; readonly fault: string }

/** Reads the text of a condition list; nothing is every record. */
export function readFilter(text: string | undefined): ReadFilter {
  if (text === undefined || text.trim() === '') return { list: [] }
  try {
    const value = parseJson(text)
    return Array.isArray(value) ? { list: value } : { fault: 'not_a_list' }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
}

/** The filter without what bounds its number, and that bound: of several limits the last counts, `last` wins. */
export function splitLimit(list: readonly unknown[]): {
  readonly filter: readonly unknown[]
  readonly most: number | undefined
} {
  const filter: unknown[] = []
  let most: number | undefined
  let isLast = false
  for (const condition of list) {
    const name = nameOf(condition)
    if (name === 'last') isLast = true
    else if (name === 'limit') most = Math.min(Number(onlyValueOf(condition)), 10_000)
    else if (name !== 'all') filter.push(condition)
  }
  return { filter, most: isLast ? 1 : most }
}

/** The filter with another range of `field`, inclusive epoch milliseconds; undefined: any time. */
export function withTimeRange(
  list: readonly unknown[],
  field: string,
  range: readonly [number, number] | undefined,
): readonly unknown[] {
  const others = withoutTime(list, field)
  return range === undefined ? others : [...others, { [`${field}_from_to`]: range }]
}

/** The filter with the last so much time before each evaluation: `24h`. */
export function withTimeSince(list: readonly unknown[], field: string, span: string): readonly unknown[] {
  return [...withoutTime(list, field), { [`${field}_since`]: span }]
}

/** The range or the span of `field` that the filter says, if it says only one such thing at its top. */
export function timeOf(
  list: readonly unknown[],
  field: string,
): { readonly range: readonly [number, number] } | { readonly since: string } | undefined {
  const found = list.filter(condition => isTime(condition, field))
  const [only] = found
  if (found.length !== 1 || only === undefined) return undefined
  const value = onlyValueOf(only)
  if (nameOf(only) === `${field}_since` && typeof value === 'string') return { since: value }
  if (nameOf(only) !== `${field}_from_to` || !Array.isArray(value)) return undefined
  return { range: [Number(value[0]), Number(value[1])] }
}

/** Only what the filter says of `field`. */
export function timeConditions(list: readonly unknown[], field: string): readonly unknown[] {
  return list.filter(condition => isTime(condition, field))
}

function withoutTime(list: readonly unknown[], field: string): readonly unknown[] {
  return list.filter(condition => !isTime(condition, field))
}

function isTime(condition: unknown, field: string): boolean {
  const name = nameOf(condition)
  return ['_from', '_to', '_from_to', '_since'].some(suffix => name === field + suffix)
}

/** The word, or the only key, of a condition. */
function nameOf(condition: unknown): string | undefined {
  if (typeof condition === 'string') return condition
  if (typeof condition !== 'object' || condition === null) return undefined
  const keys = Object.keys(condition)
  return keys.length === 1 ? keys[0] : undefined
}

function onlyValueOf(condition: unknown): unknown {
  return typeof condition === 'object' && condition !== null ? Object.values(condition)[0] : undefined
}

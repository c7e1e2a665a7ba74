import type { Resource } from '../../../src/resource/resource.ts'
import { compareNewest, matcherOf, matches, splitList, type WireRow } from '../reference.ts'

export interface Asked {
  readonly condition: readonly unknown[]
  readonly group_by?: readonly string[]
  readonly bucket?: { readonly ms: number | 'auto'; readonly field?: string; readonly time_zone?: string }
  readonly percentiles?: readonly number[]
  readonly top?: number
}

const stateNames = ['success', 'failure', 'running', 'waiting']

/** The state of a row by the words that its resource has. */
function stateOf({ language }: Resource, row: WireRow): string | null {
  return stateNames.find(state => language.words.has(`is_${state}`) && matches(row, `is_${state}`)) ?? null
}

/** Statistics of rows in memory, without the code under test; of buckets only those that are not empty, by any moment in them. */
export function statisticsOf(resource: Resource, rows: readonly WireRow[], asked: Asked) {
  const { group_by: groupBy = [], percentiles = [], top = 20 } = asked
  const { filters, limit } = splitList(asked.condition)
  const matchers = filters.map(matcherOf)
  const found = rows
    .toSorted(compareNewest(resource))
    .filter(row => matchers.every(holds => holds(row)))
    .slice(0, limit)
  const valueIn = (row: WireRow, name: string) => (name === 'state' ? stateOf(resource, row) : row[name])
  const keyOf = (row: WireRow) => Object.fromEntries(groupBy.map(name => [name, valueIn(row, name)]))
  const byKey = Map.groupBy(found, row => JSON.stringify(keyOf(row)))
  if (groupBy.length === 0) byKey.set('{}', found)
  const groups = [...byKey]
    .map(([key, members]) => ({
      key: JSON.parse(key),
      ...countsOf(resource, members),
      ...(percentiles.length > 0 && { duration: spreadOf(members, percentiles) }),
    }))
    .sort((a, b) => b.count - a.count || compareKeys(Object.values(a.key), Object.values(b.key)))
  return { found, total: found.length, groups: groups.slice(0, top), truncated: groups.length > top }
}

export function countsOf(resource: Resource, rows: readonly WireRow[]) {
  const counted = stateNames.map(state => [
    state,
    rows.filter(row => stateOf(resource, row) === state).length,
  ])
  return { count: rows.length, by_state: Object.fromEntries(counted) }
}

function spreadOf(rows: readonly WireRow[], percentiles: readonly number[]): object {
  const durations = rows
    .filter(row => row.start_time !== null && row.finish_time !== null)
    .map(row => Number(row.finish_time) - Number(row.start_time))
    .sort((a, b) => a - b)
  return Object.fromEntries(
    percentiles.map(fraction => [
      `p${Number((fraction * 100).toPrecision(12))}`,
      durations[Math.max(0, Math.ceil(fraction * durations.length) - 1)] ?? null,
    ]),
  )
}

/** By their bytes; null comes last. */
function compareKeys(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i]
    if (one === other) continue
    if (one === null || other === null) return one === null ? 1 : -1
    return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)))
  }
  return 0
}

/** Units of a length of time in milliseconds, the longest first. */
export const spanUnits = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

export type SpanUnit = keyof typeof spanUnits

/** A length of time in the longest unit of which it is a whole number: 90000 ms are 90 s. */
export function spanOf(ms: number): { readonly count: number; readonly unit: SpanUnit } {
  for (const [unit, size] of Object.entries(spanUnits)) {
    if (ms !== 0 && ms % size === 0) return { count: ms / size, unit: unit as SpanUnit }
  }
  return { count: ms, unit: ms === 0 ? 's' : 'ms' }
}

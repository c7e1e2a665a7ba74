/** What `{"TIME_since": "24h"}` knows. */
export const spanUnits = ['ms', 's', 'm', 'h', 'd', 'w'] as const
export type SpanUnit = (typeof spanUnits)[number]

export interface TimeSpan {
  readonly count: number
  readonly unit: SpanUnit
}

export function readSpan(text: unknown): TimeSpan | undefined {
  const found = typeof text === 'string' ? /^(\d+)(ms|s|m|h|d|w)$/.exec(text) : null
  const unit = spanUnits.find(each => each === found?.[2])
  return found === null || unit === undefined ? undefined : { count: Number(found[1]), unit }
}

export function writeSpan({ count, unit }: TimeSpan): string {
  return `${count}${unit}`
}

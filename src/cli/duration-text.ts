/** A length of time in milliseconds for a person: `12 ms`, `1.24 s`, `2 min 5 s`; `-` of null. */
export function durationText(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 1000) return `${ms} ms`
  // What rounds to a minute is one.
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** A length of time in milliseconds for a person: `12 ms`, `1.24 s`, `2 min 5 s`, `3 h`, `30 d`; `-` of null. */
export function durationText(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 1000) return `${ms} ms`
  // What rounds to a minute is one.
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < hour) return `${Math.floor(seconds / minute)} min ${seconds % minute} s`
  if (seconds < day) return parts(seconds, [hour, 'h'], [minute, 'min'])
  return parts(seconds, [day, 'd'], [hour, 'h'])
}

type Unit = readonly [seconds: number, name: string]

function parts(seconds: number, [large, name]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${name}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

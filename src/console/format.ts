import { language } from './language.ts'

const memory = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function memorized<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  kind: string,
  make: (locale: string) => T,
): T {
  const key = `${kind} ${language.value}`
  const made = memory.get(key) ?? make(language.value === 'zh' ? 'zh-CN' : 'en-GB')
  memory.set(key, made)
  return made as T
}

/** `1,234,567` */
export function formatCount(count: number): string {
  return memorized('count', locale => new Intl.NumberFormat(locale)).format(count)
}

/** `1.2M`: where there is little room. */
export function formatCompact(count: number): string {
  return memorized(
    'compact',
    locale => new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }),
  ).format(count)
}

/** `28 Nov 2026, 18:03:01.123 UTC`, in the zone of the browser. */
export function formatTime(ms: number): string {
  const options: Intl.DateTimeFormatOptions = {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hour12: false,
    timeZoneName: 'short',
  }
  return memorized('time', locale => new Intl.DateTimeFormat(locale, options)).format(ms)
}

/** `11-28 18:03:01.123`: for columns of times. */
export function formatShortTime(ms: number): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** `5 ms`, `1.25 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h` */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const
  const at = units.findIndex(([size]) => ms >= size)
  const [size, unit] = units[at] ?? [1000, 's']
  const rest = units[at + 1]
  const whole = `${Math.floor(ms / size)} ${unit}`
  const left = rest === undefined ? 0 : Math.floor((ms % size) / rest[0])
  return rest === undefined || left === 0 ? whole : `${whole} ${left} ${rest[1]}`
}

/** `3 minutes ago` */
export function formatAgo(ms: number, now = Date.now()): string {
  const relative = memorized('ago', locale => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  const seconds = (ms - now) / 1000
  const size = Math.abs(seconds)
  if (size < 60) return relative.format(Math.round(seconds), 'second')
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}

/** `1.4 kB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

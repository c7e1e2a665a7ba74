import type { inspectLibrary } from './inspect.ts'
import type { Kit } from './kit.ts'

/** The text of a console line. */
export function formatLibrary(kit: Kit<{ inspect: typeof inspectLibrary }>) {
  const { inspect, numberText } = kit.library('inspect')

  /** As util.format: `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O`, `%c` and `%%` of a first text, then the rest. */
  function format(args: readonly unknown[], maxLength: number): string {
    const [first, ...rest] = args
    let at = 0
    const text =
      typeof first !== 'string'
        ? ''
        : first.replace(/%[sdifjoOc%]/g, mark => {
            if (mark === '%%') return '%'
            if (at >= rest.length) return mark
            return inserted(mark, rest[at++], maxLength)
          })
    const others = typeof first === 'string' ? rest.slice(at) : args
    let all = text
    for (let i = 0; i < others.length && all.length <= maxLength; i++) {
      all += (i === 0 && typeof first !== 'string' ? '' : ' ') + shown(others[i], maxLength)
    }
    return all
  }

  function inserted(mark: string, value: unknown, maxLength: number): string {
    if (mark === '%c') return ''
    if (mark === '%d')
      return typeof value === 'object'
        ? 'NaN'
        : typeof value === 'bigint'
          ? `${value}n`
          : numberText(Number(value))
    if (mark === '%i') return numberText(Number.parseInt(String(value), 10))
    if (mark === '%f') return numberText(Number.parseFloat(String(value)))
    return shown(value, maxLength)
  }

  /** Of one argument: texts as they are. */
  function shown(value: unknown, maxLength: number): string {
    try {
      return typeof value === 'string' ? value : inspect(value, maxLength)
    } catch {
      return '[unprintable]'
    }
  }

  return { format }
}

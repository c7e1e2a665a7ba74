import type { formatLibrary } from './format.ts'
import type { Kit } from './kit.ts'

/** console: a line of the run's output for each call. */
export function consoleLibrary({
  host,
  library,
  display,
  maxTextLength,
}: Kit<{ format: typeof formatLibrary }>) {
  const { stringify } = JSON

  /** Values that are looked at before the whole library of formats is made. */
  const maxPlain = 1000
  const maxPlainDepth = 8

  /** The text of arguments of which JSON says all, or undefined. */
  function plainText(args: readonly unknown[]): string | undefined {
    if (typeof args[0] === 'string' && args[0].includes('%')) return undefined
    let left = maxPlain
    const isPlain = (value: unknown, depth: number): boolean => {
      left -= 1
      if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
      if (typeof value !== 'object' || value === null) return value !== undefined && isJson(value)
      if (left < 0 || depth === maxPlainDepth) return false
      if (Array.isArray(value)) return value.every(each => isPlain(each, depth + 1))
      const isRecord = Object.getPrototypeOf(value) === Object.prototype
      return isRecord && Object.values(value).every(each => isPlain(each, depth + 1))
    }
    const isText = (arg: unknown) => typeof arg !== 'function' && (typeof arg !== 'object' || arg === null)
    try {
      if (!args.every(arg => isText(arg) || isPlain(arg, 0))) return undefined
      return args.map(arg => (isText(arg) ? String(arg) : stringify(arg))).join(' ')
    } catch {
      // A Proxy, a getter: each argument is shown for itself then.
      return undefined
    }
  }

  function isJson(value: unknown): boolean {
    return value === null || typeof value === 'string' || typeof value === 'boolean'
  }

  function formatted(args: readonly unknown[]): string {
    try {
      return plainText(args) ?? library('format').format(args, maxTextLength)
    } catch {
      // What a script has broken still says what it can.
      return display(args[0])
    }
  }

  function print(level: string, args: readonly unknown[]): void {
    // Cut before it is copied out: one character over the limit is enough to end the run.
    host('console', level, stringify(formatted(args).slice(0, maxTextLength + 1)))
  }

  const at =
    (level: string) =>
    (...args: unknown[]) =>
      print(level, args)
  const console = {
    log: at('log'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    debug: at('debug'),
    trace: at('debug'),
    dir: (value: unknown) => print('log', [value]),
  }

  return { console, print }
}

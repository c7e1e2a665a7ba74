import type { Kit } from './kit.ts'

/** console: a line of the run's output for each call. */
export function consoleLibrary({ host, library, display, maxTextLength }: Kit) {
  const { stringify } = JSON

  function isPlain(args: readonly unknown[]): boolean {
    if (typeof args[0] === 'string' && args[0].includes('%')) return false
    return args.every(arg => typeof arg !== 'function' && (typeof arg !== 'object' || arg === null))
  }

  function formatted(args: readonly unknown[]): string {
    try {
      return isPlain(args) ? args.map(String).join(' ') : library('inspect').format(args, maxTextLength)
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

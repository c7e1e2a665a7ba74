import type { Kit } from './kit.ts'

/** Intl: all of it is the host's own. */
export function intlLibrary(kit: Kit) {
  interface State {
    readonly locales: unknown
    readonly options: unknown
  }
  type Formatter = Record<string, unknown>
  const states = new WeakMap<object, State>()

  /** Numbers go as text, because JSON has neither NaN nor -0 nor long integers. */
  function tagged(value: unknown): [string, unknown] {
    if (typeof value === 'number') return ['number', Object.is(value, -0) ? '-0' : String(value)]
    if (typeof value === 'bigint') return ['bigint', String(value)]
    if (value instanceof Date) return ['number', String(value.getTime())]
    if (value === undefined) return ['undefined', null]
    if (typeof value === 'object' && value !== null) {
      return Symbol.iterator in value
        ? ['list', [...(value as Iterable<unknown>)].map(String)]
        : ['object', value]
    }
    return ['text', String(value)]
  }

  function call(
    kind: string,
    { locales, options }: State,
    method: string | null,
    args: readonly unknown[],
  ): unknown {
    return kit.native('intl', [kind, locales ?? null, options ?? null, method, args.map(tagged)])
  }

  function ask(kind: string, self: object, method: string, args: readonly unknown[]): unknown {
    const state = states.get(self)
    if (state === undefined) throw new TypeError(`this is not an Intl.${kind}`)
    return call(kind, state, method, args)
  }

  /** `bound`: what a getter answers with as a function that may be called without its formatter. */
  function define(kind: string, methods: readonly string[], bound: readonly string[] = []) {
    function Formatter(this: object, locales?: unknown, options?: unknown): object {
      const self = new.target === undefined ? Object.create(Formatter.prototype) : this
      // A copy: options that the script changes later are not those of this formatter.
      const state = JSON.parse(
        JSON.stringify({ locales: locales ?? null, options: options ?? null }),
      ) as State
      call(kind, state, null, [])
      states.set(self, state)
      return self
    }
    Object.defineProperty(Formatter, 'name', { value: kind })
    Formatter.supportedLocalesOf = (locales: unknown, options?: unknown) =>
      call(kind, { locales, options }, 'supportedLocalesOf', [])
    for (const method of [...methods, 'resolvedOptions']) {
      const value = function (this: object, ...args: unknown[]) {
        return ask(kind, this, method, withNow(kind, method, args))
      }
      Object.defineProperty(value, 'name', { value: method })
      Object.defineProperty(Formatter.prototype, method, { value, writable: true, configurable: true })
    }
    for (const method of bound) {
      const get = function (this: object) {
        return (...args: unknown[]) => ask(kind, this, method, withNow(kind, method, args))
      }
      Object.defineProperty(Formatter.prototype, method, { get, configurable: true })
    }
    Object.defineProperty(Formatter.prototype, Symbol.toStringTag, {
      value: `Intl.${kind}`,
      configurable: true,
    })
    return Formatter
  }

  function withNow(kind: string, method: string, args: readonly unknown[]): readonly unknown[] {
    const isDate = kind === 'DateTimeFormat' && (method === 'format' || method === 'formatToParts')
    return isDate && args[0] === undefined ? [Date.now()] : args
  }

  const parts = ['formatToParts', 'formatRange', 'formatRangeToParts']
  const Segmenter = define('Segmenter', []) as unknown as { prototype: Formatter }
  Segmenter.prototype.segment = function (this: object, given: unknown) {
    const input = String(given)
    const found = ask('Segmenter', this, 'segment', [input]) as { segment: string; index: number }[]
    const segments = found.map(each => ({ ...each, input }))
    return {
      containing: (at = 0) => segments.findLast(each => each.index <= at && at < input.length),
      [Symbol.iterator]: () => segments.values(),
    }
  }

  const intl = {
    DateTimeFormat: define('DateTimeFormat', parts, ['format']),
    NumberFormat: define('NumberFormat', parts, ['format']),
    Collator: define('Collator', [], ['compare']),
    PluralRules: define('PluralRules', ['select', 'selectRange']),
    RelativeTimeFormat: define('RelativeTimeFormat', ['format', 'formatToParts']),
    ListFormat: define('ListFormat', ['format', 'formatToParts']),
    DisplayNames: define('DisplayNames', ['of']),
    DurationFormat: define('DurationFormat', ['format', 'formatToParts']),
    Segmenter,
    getCanonicalLocales: (locales: unknown) => kit.native('intl', ['getCanonicalLocales', locales ?? []]),
    supportedValuesOf: (key: unknown) => kit.native('intl', ['supportedValuesOf', String(key)]),
  }

  return { Intl: intl, call, tagged }
}

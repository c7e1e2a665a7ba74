import type { intlLibrary } from './intl.ts'
import type { Kit } from './kit.ts'

/** The locale methods of dates, numbers, strings and lists, with `this` as the first argument. */
export function localeLibrary(kit: Kit<{ intl: typeof intlLibrary }>) {
  const { call, tagged } = kit.library('intl')
  type LocaleMethod = (self: unknown, first: unknown, second: unknown, third: unknown) => unknown

  function localeText(self: unknown, locales: unknown, options: unknown): unknown {
    if (typeof self === 'number' || typeof self === 'bigint') {
      return call('NumberFormat', { locales, options }, 'format', [self])
    }
    if (self instanceof Number || self instanceof BigInt) return localeText(self.valueOf(), locales, options)
    if (self instanceof Date) return text('toLocaleString', self, locales, options)
    return Array.from(self as ArrayLike<unknown>, each =>
      each === null || each === undefined
        ? ''
        : (each as number).toLocaleString(locales as string, options as object),
    ).join(',')
  }

  function text(method: string, self: unknown, locales: unknown, options: unknown): unknown {
    return kit.native('intlText', [method, tagged(self), locales ?? null, options ?? null])
  }

  function ofDate(method: string): LocaleMethod {
    return (self, locales, options) => {
      if (!(self instanceof Date)) throw new TypeError('this is not a Date')
      return text(method, self, locales, options)
    }
  }

  const methods: Readonly<Record<string, LocaleMethod>> = {
    toLocaleString: localeText,
    toLocaleDateString: ofDate('toLocaleDateString'),
    toLocaleTimeString: ofDate('toLocaleTimeString'),
    toLocaleUpperCase: (self, locales) => text('toLocaleUpperCase', String(self), locales, null),
    toLocaleLowerCase: (self, locales) => text('toLocaleLowerCase', String(self), locales, null),
    localeCompare: (self, other, locales, options) =>
      call('Collator', { locales, options }, 'compare', [String(self), String(other)]),
  }

  return methods
}

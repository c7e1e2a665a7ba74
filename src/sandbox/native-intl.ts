import { LRUCache } from 'lru-cache'

/** Text that is cut, compared or formatted: the work in ICU cannot be interrupted. */
const maxText = 256 * 1024
/** Of the locales of a call: Intl compares each with each. */
const maxLocalesText = 1024
/** Digits of a number that is formatted. */
const maxDigits = 2000

/** What stands for a script's locale where it names none: the server's own environment is not its business. */
const defaultLocale = 'en-US'

type Formatter = Readonly<Record<string, (...args: unknown[]) => unknown>>
type Kind = new (locales: unknown, options: unknown) => Formatter

/** The methods of each constructor that scripts may call. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  DateTimeFormat: ['format', 'formatToParts', 'formatRange', 'formatRangeToParts', 'resolvedOptions'],
  NumberFormat: ['format', 'formatToParts', 'formatRange', 'formatRangeToParts', 'resolvedOptions'],
  Collator: ['compare', 'resolvedOptions'],
  PluralRules: ['select', 'selectRange', 'resolvedOptions'],
  RelativeTimeFormat: ['format', 'formatToParts', 'resolvedOptions'],
  ListFormat: ['format', 'formatToParts', 'resolvedOptions'],
  DisplayNames: ['of', 'resolvedOptions'],
  DurationFormat: ['format', 'formatToParts', 'resolvedOptions'],
  Segmenter: ['segment', 'resolvedOptions'],
}

/** Making one takes ICU up to a millisecond. */
const formatters = new LRUCache<string, Formatter>({ max: 64 })

/**
 * One call of Node's own Intl for a script: `[kind, locales, options, method, args]`; without a method only what
 * the constructor says of locales and options. Throws RangeError and TypeError as Intl does.
 */
export function callIntl([kind, locales, options, method, args]: readonly unknown[]): unknown {
  requireFewLocales(locales)
  if (kind === 'getCanonicalLocales') return Intl.getCanonicalLocales(locales as string[])
  if (kind === 'supportedValuesOf') return Intl.supportedValuesOf(locales as 'currency')
  const name = String(kind)
  const methods = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (methods === undefined) throw new TypeError(`there is no Intl.${name}`)
  if (method === 'supportedLocalesOf') return constructorOf(name).supportedLocalesOf(locales, options)
  const formatter = formatterOf(name, locales, options)
  if (method === null) return null
  if (!methods.includes(String(method))) throw new TypeError(`Intl.${name} has no method ${String(method)}`)
  const answer = formatter[String(method)]?.(...(args as unknown[]).map(argumentOf))
  return method === 'segment' ? [...(answer as Iterable<unknown>)] : answer
}

/** The locale methods of dates, numbers and strings: `[method, value, locales, options]`. */
export function intlText([method, value, locales, options]: readonly unknown[]): unknown {
  requireFewLocales(locales)
  const locale = (locales ?? defaultLocale) as string
  const given = argumentOf(value)
  switch (method) {
    case 'toLocaleString':
    case 'toLocaleDateString':
    case 'toLocaleTimeString':
      return new Date(Number(given))[method](locale, options ?? {})
    case 'toLocaleUpperCase':
    case 'toLocaleLowerCase':
      return String(given)[method](locale)
    default:
      throw new TypeError('there is no such method')
  }
}

function formatterOf(kind: string, locales: unknown, options: unknown): Formatter {
  const key = JSON.stringify([kind, locales, options])
  const kept = formatters.get(key)
  if (kept !== undefined) return kept
  const made = new (constructorOf(kind))(locales ?? defaultLocale, options ?? undefined)
  if (key.length < 4096) formatters.set(key, made)
  return made
}

function constructorOf(
  kind: string,
): Kind & { supportedLocalesOf(locales: unknown, options: unknown): unknown } {
  const found = (Intl as unknown as Record<string, unknown>)[kind]
  // Node 22 has no DurationFormat.
  if (typeof found !== 'function') throw new TypeError(`there is no Intl.${kind}`)
  return found as ReturnType<typeof constructorOf>
}

/** Numbers come as text, because JSON has neither NaN nor -0 nor long integers. */
function argumentOf(tagged: unknown): unknown {
  const [tag, value] = tagged as [string, unknown]
  if (tag === 'number') return Number(value)
  if (tag === 'bigint') return BigInt(short(String(value), maxDigits))
  if (tag === 'undefined') return undefined
  if (tag === 'list') return (value as unknown[]).map(each => short(String(each), maxText))
  return typeof value === 'string' ? short(value, maxText) : value
}

function requireFewLocales(locales: unknown): void {
  short(JSON.stringify(locales ?? null), maxLocalesText)
}

function short(text: string, limit: number): string {
  if (text.length > limit) throw new RangeError('the text is too long for Intl')
  return text
}

import { invalidParams, type ReasonOf, RpcError } from './errors.ts'
import { isLongNumber, mayHoldLongNumber, readValue, valueBegin } from './json-scan.ts'

/** JSON that is already text (Postgres rendered it): spliced into the answer, never parsed by us. */
export class JsonText {
  /** As it came, bytes in UTF-8. */
  readonly written: string | Buffer

  constructor(written: string | Buffer) {
    this.written = written
  }

  get text(): string {
    return this.written.toString()
  }
}

/** A number that a double cannot hold, kept as its source text (what `JSON.rawJSON` makes). */
export interface ExactNumber {
  readonly rawJSON: string
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'object' && value !== null && JSON.isRawJSON(value)
}

/** The JSON text of any value that `parseJson` made, and of JsonText. */
export function stringifyJson(value: unknown): string {
  if (value instanceof JsonText) return value.text
  return JSON.stringify(value) ?? 'null'
}

const suspectString = /\\u(?:0000|[dD][89a-fA-F])/

/**
 * Parses JSON so that a number a double cannot hold keeps its text (an ExactNumber).
 * Throws SyntaxError as JSON.parse does.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return mayHoldLongNumber(text) ? readExact(text, valueBegin(text)) : value
}

/** The value that begins at `at` in a text that JSON.parse has accepted, as parseJson returns it. */
export function readExact(text: string, at: number): unknown {
  return readValue(text, at, numberOf)
}

function numberOf(source: string): number | ExactNumber {
  const value = Number(source)
  // What most programs write for what a double holds.
  if (!isLongNumber(source, 0, source.length) || String(value) === source) return value
  return isExact(source, value) ? value : (JSON.rawJSON(source) as ExactNumber)
}

/** Digits by which any double is told from the next one: what has more is none. */
const mostDigits = 17

function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value) || significantDigits(source) > mostDigits) return false
  const wanted = decimalOf(source)
  const held = decimalOf(String(value))
  return wanted.digits === held.digits && (wanted.digits === '' || wanted.exponent === held.exponent)
}

/** How many digits there are from the first to the last that is no zero. */
function significantDigits(source: string): number {
  let digits = 0
  let upToLast = 0
  for (let at = 0; at < source.length; at++) {
    const char = source[at]
    if (char === 'e' || char === 'E') break
    if (char === '-' || char === '.' || (char === '0' && digits === 0)) continue
    digits++
    if (char !== '0') upToLast = digits
  }
  return upToLast
}

/** Significant digits and the power of ten of the last one, sign dropped: `-1.50e3` is `15` and 2. */
function decimalOf(source: string): Decimal {
  const [mantissa = '', power = '0'] = source.toLowerCase().replace(/^-/, '').split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  return { digits, exponent: Number(power) - fraction.length + (all.length - digits.length) }
}

/** Numbers of the same value have the same text: `-1.50e1`, `-15` and `-15.0` become `-15e0`. */
export function plainDigits(source: string): string {
  const { digits, exponent } = decimalOf(source)
  return digits === '' ? '0' : `${source.startsWith('-') ? '-' : ''}${digits}e${exponent}`
}

/** Negative where `a` is less than `b`, positive where it is greater, digit for digit. */
export function compareNumbers(a: number | ExactNumber, b: number | ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b)
  const [one, other] = [signedDecimal(a), signedDecimal(b)]
  if (one.sign !== other.sign) return one.sign - other.sign
  return one.sign * compareMagnitudes(one, other)
}

interface Decimal {
  readonly digits: string
  readonly exponent: number
}

function signedDecimal(value: number | ExactNumber): Decimal & { readonly sign: number } {
  const source = typeof value === 'number' ? String(value) : value.rawJSON
  const decimal = decimalOf(source)
  return { ...decimal, sign: decimal.digits === '' ? 0 : source.startsWith('-') ? -1 : 1 }
}

function compareMagnitudes(one: Decimal, other: Decimal): number {
  const order = one.digits.length + one.exponent - (other.digits.length + other.exponent)
  // The first digit is no zero and stands for the same power of ten in both.
  return order !== 0 ? order : one.digits < other.digits ? -1 : Number(one.digits > other.digits)
}

/** jsonb writes every digit out, so nine bytes (`1e131071`) could become 128 KiB in an answer. */
const maxExactDigits = 1000

/**
 * By how much the numbers of a body may grow in all: a megabyte of `1e300` would become a row too large to be
 * read.
 */
const maxGrowth = 1_000_000

/**
 * Refuses what PostgreSQL cannot keep or would change: nesting beyond `depth`, `\u0000`, lone surrogates, and
 * numbers of more than a thousand digits. `text` is what `value` was parsed from.
 * Throws RpcError 110 (too deep) or -32602, with the path of the fault.
 */
export function checkJson(value: unknown, text: string, depth: number): void {
  checkParsed(value, mayHoldBadString(text), depth)
}

/** The same when the caller knows whether the text's strings need checking. */
export function checkParsed(value: unknown, checkStrings: boolean, depth: number): void {
  new JsonCheck(checkStrings).check(value, depth)
}

/** False when no string of `text` holds `\\u0000` or a lone surrogate. */
export function mayHoldBadString(text: string): boolean {
  return suspectString.test(text)
}

class JsonCheck {
  readonly #path: (string | number)[] = []
  readonly #strings: boolean
  #growth = 0

  constructor(strings: boolean) {
    this.#strings = strings
  }

  check(value: unknown, depth: number): void {
    if (typeof value === 'string') {
      if (this.#strings) this.#checkString(value)
      return
    }
    if (typeof value === 'number') {
      if (hasExponent(value)) this.#countDigits(String(value))
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (isExactNumber(value)) {
      this.#countDigits(value.rawJSON)
      return
    }
    if (depth === 0) throw this.#tooDeep()
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) this.#checkMember(i, value[i], depth)
      return
    }
    for (const key of Object.keys(value)) {
      if (this.#strings) this.#checkString(key)
      this.#checkMember(key, (value as Record<string, unknown>)[key], depth)
    }
  }

  #checkMember(key: string | number, value: unknown, depth: number): void {
    this.#path.push(key)
    this.check(value, depth - 1)
    this.#path.pop()
  }

  #checkString(text: string): void {
    if (text.includes('\u0000')) throw this.#fault('must not contain \\u0000', 'nul_character')
    if (!text.isWellFormed()) throw this.#fault('contains a lone surrogate', 'lone_surrogate')
  }

  #countDigits(source: string): void {
    const { digits, exponent } = decimalOf(source)
    const written = digits.length + Math.abs(exponent)
    if (written > maxExactDigits) {
      throw this.#fault(`a number may have at most ${maxExactDigits} digits`, 'number_too_long')
    }
    this.#growth += Math.max(0, written - source.length)
    if (this.#growth <= maxGrowth) return
    throw this.#fault('too many numbers with large exponents', 'numbers_too_long')
  }

  #tooDeep(): Error {
    return new RpcError('too_deep', 'Nested too deeply', { path: joinPath(this.#path), retryable: false })
  }

  #fault(message: string, reason: ReasonOf<'invalid_params'>): Error {
    return invalidParams(joinPath(this.#path), message, reason)
  }
}

/** True for what JavaScript writes with an exponent, and PostgreSQL with all its digits. */
function hasExponent(value: number): boolean {
  const size = Math.abs(value)
  return size >= 1e21 || (size < 1e-6 && size > 0)
}

/**
 * `text` without what PostgreSQL refuses or changes in a text: where saying something matters more than every
 * character.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD')
}

/** `['query', 'condition', 2, 'limit']` becomes `query.condition[2].limit`. */
export function joinPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? String(part) : `.${String(part)}`
  }
  return text
}

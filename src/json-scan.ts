// Everything here reads text that JSON.parse has accepted, so nothing is validated again.

const quote = 0x22
const minus = 0x2d
const comma = 0x2c
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** A double holds every number of as many digits (DBL_DIG), as long as its exponent has no more than two. */
const safeDigits = 15
const safeExponentDigits = 2

/**
 * False when a double holds every number of `text`: what has few digits and a small exponent. Strings are
 * left out.
 */
export function mayHoldLongNumber(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === quote) at = stringEnd(text, at)
    else if (isDigit(code)) {
      const end = wordEnd(text, at)
      if (isLongNumber(text, at, end)) return true
      at = end
    } else at++
  }
  return false
}

/** The same of the number from `begin` to `end`. */
export function isLongNumber(text: string, begin: number, end: number): boolean {
  let digits = 0
  let most = safeDigits
  for (let at = begin; at < end; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) digits++
    else if (isExponent(code)) {
      if (digits > most) return true
      digits = 0
      most = safeExponentDigits
    }
  }
  return digits > most
}

/** The end of the value that begins at `at`. */
export function valueEnd(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === quote) return stringEnd(text, at)
  if (first !== openBrace && first !== openBracket) return wordEnd(text, at)
  let depth = 0
  let next = at
  do {
    const code = text.charCodeAt(next)
    if (code === quote) next = stringEnd(text, next)
    else {
      // A bracket and a brace differ in this bit alone.
      if ((code | 0x20) === openBrace) depth++
      else if ((code | 0x20) === closeBrace) depth--
      next++
    }
  } while (depth > 0)
  return next
}

/** Where the value of the whole text begins. */
export function valueBegin(text: string): number {
  return spaceEnd(text, 0)
}

/**
 * Where the members of the object or array at `at` begin: the values of the keys that are `wanted`, or of the
 * indexes. Of two members of one name it is the last, as JSON.parse has it.
 */
export function findMembers(
  text: string,
  at: number,
  isWanted: (key: string | number) => boolean,
): ReadonlyMap<string | number, number> {
  const found = new Map<string | number, number>()
  eachMember(text, at, (key, begin) => {
    if (isWanted(key)) found.set(key, begin)
    return valueEnd(text, begin)
  })
  return found
}

/**
 * The value at `at`; what becomes of each number is up to `numberOf`. Recursive: of a depth that was checked.
 */
export function readValue(text: string, at: number, numberOf: (source: string) => unknown): unknown {
  let end = at

  function read(begin: number): unknown {
    const code = text.charCodeAt(begin)
    if (code === openBrace) return readObject(begin)
    if (code === openBracket) return readArray(begin)
    end = valueEnd(text, begin)
    const source = text.slice(begin, end)
    return isDigit(code) || code === minus ? numberOf(source) : JSON.parse(source)
  }

  function readObject(begin: number): object {
    const object: Record<string, unknown> = {}
    end = eachMember(text, begin, (key, value) => {
      set(object, String(key), read(value))
      return end
    })
    return object
  }

  function readArray(begin: number): unknown[] {
    const array: unknown[] = []
    end = eachMember(text, begin, (_key, value) => {
      array.push(read(value))
      return end
    })
    return array
  }

  return read(at)
}

/** As JSON.parse does: `__proto__` is a key like any other. */
function set(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

/**
 * Calls `visit` with the start of each member's value; it returns the value's end. Returns the end of the
 * object or array.
 */
export function eachMember(
  text: string,
  begin: number,
  visit: (key: string | number, value: number) => number,
): number {
  const isArray = text.charCodeAt(begin) === openBracket
  let at = spaceEnd(text, begin + 1)
  for (let i = 0; ; i++) {
    const code = text.charCodeAt(at)
    if (code === closeBracket || code === closeBrace) return at + 1
    let key: string | number = i
    if (!isArray) {
      const keyEnd = stringEnd(text, at)
      key = stringAt(text, at, keyEnd)
      at = spaceEnd(text, spaceEnd(text, keyEnd) + 1)
    }
    at = spaceEnd(text, visit(key, at))
    if (text.charCodeAt(at) === comma) at = spaceEnd(text, at + 1)
  }
}

/** The value of the string from `begin` to `end`, its quotes included. */
function stringAt(text: string, begin: number, end: number): string {
  const inner = text.slice(begin + 1, end - 1)
  return inner.includes('\\') ? (JSON.parse(text.slice(begin, end)) as string) : inner
}

/** Behind the quote that ends the string at `at`. */
export function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text.charCodeAt(before - 1) === backslash) before--
  return (at - before) % 2 === 1
}

export function spaceEnd(text: string, at: number): number {
  let end = at
  while (isSpace(text.charCodeAt(end))) end++
  return end
}

function wordEnd(text: string, at: number): number {
  let end = at
  for (let code = text.charCodeAt(end); isWordPart(code); code = text.charCodeAt(end)) end++
  return end
}

/** False for NaN, which is read beyond the end of the text. */
function isWordPart(code: number): boolean {
  return code > 0x20 && code !== comma && code !== closeBracket && code !== closeBrace
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isExponent(code: number): boolean {
  return code === 0x65 || code === 0x45
}

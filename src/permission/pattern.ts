import micromatch from 'micromatch'
import { invalidParams } from '../errors.ts'

/** A literal name, or every name that begins with `literal` (written `literal*`). */
export interface Pattern {
  readonly text: string
  readonly literal: string
  readonly isPrefix: boolean
  matches(name: string): boolean
}

/** The most characters (code points) of a name and of a pattern, its `*` included. */
export const maxNameLength = 128

const controlCharacter = /\p{Cc}/u

// With these, `*` behind a literal equals a prefix test; micromatch's own defaults negate, expand and skip.
const options = { nobrace: true, noextglob: true, nobracket: true, nonegate: true, dot: true, bash: true }

/** Why `text` is no pattern, or undefined when it is one. */
export function patternFault(text: string): string | undefined {
  const fault = nameTextFault(text)
  if (fault !== undefined) return fault
  const star = text.indexOf('*')
  if (star !== -1 && star !== text.length - 1) return '`*` may only be the last character'
  return undefined
}

/** What names and patterns alike must not be, or undefined. */
export function nameTextFault(text: string): string | undefined {
  if (text === '') return 'must not be empty'
  // A code point is one or two code units: only what may be too long is counted.
  if (text.length > maxNameLength && (text.length > 2 * maxNameLength || [...text].length > maxNameLength)) {
    return `must have at most ${maxNameLength} characters`
  }
  if (!text.isWellFormed()) return 'contains a lone surrogate'
  if (controlCharacter.test(text)) return 'must not contain control characters'
  return undefined
}

/**
 * Compiles a pattern: 1 to 128 characters without control characters, `*` only as the last one. Matching is
 * case-sensitive; `demo_*` also matches `demo_`.
 * Throws RpcError -32602 (reason `bad_pattern`) at `path`.
 */
export function compilePattern(text: string, path = ''): Pattern {
  const fault = patternFault(text)
  if (fault !== undefined) throw invalidParams(path, fault, 'bad_pattern')
  return text.endsWith('*') ? prefixPattern(text) : literalPattern(text)
}

function literalPattern(text: string): Pattern {
  return { text, literal: text, isPrefix: false, matches: name => name === text }
}

function prefixPattern(text: string): Pattern {
  const literal = text.slice(0, -1)
  if (literal === '') return { text, literal, isPrefix: true, matches: () => true }
  // The regex alone costs half of what micromatch's own matcher does, which allocates on every call.
  const regex = micromatch.makeRe(`${encode(literal)}*`, options)
  return { text, literal, isPrefix: true, matches: name => regex.test(encode(name)) }
}

const special = /[^\w-]/
const everySpecial = /[^\w-]/g

// Escaping the pattern alone is not enough: micromatch's `*` also refuses line separators and a `..` behind a slash.
// Each code unit is encoded by itself, so one encoded text begins with another exactly when the plain ones do.
function encode(text: string): string {
  if (!special.test(text)) return text
  return text.replace(everySpecial, unit => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** True when `wide` matches every name that `narrow` matches. */
export function coversPattern(
  wide: Pick<Pattern, 'literal' | 'isPrefix'>,
  narrow: Pick<Pattern, 'literal' | 'isPrefix'>,
): boolean {
  if (wide.isPrefix) return narrow.literal.startsWith(wide.literal)
  return !narrow.isPrefix && narrow.literal === wide.literal
}

const lastCodePoint = 0x10ffff

// Longer than any name, so that it sorts behind all of them.
const afterEveryName = String.fromCodePoint(lastCodePoint).repeat(130)

/**
 * The least string that sorts behind every string with this prefix, by code points (collate "C"), so that
 * `name >= prefix and name < prefixUpperBound(prefix)` is the prefix test. Names have at most 128 characters: where
 * there is no such string (an empty prefix) the answer is one behind every name.
 */
export function prefixUpperBound(prefix: string): string {
  const points = Array.from(prefix, character => character.codePointAt(0) ?? 0)
  while (points.at(-1) === lastCodePoint) points.pop()
  const last = points.pop()
  if (last === undefined) return afterEveryName
  return String.fromCodePoint(...points, nextScalar(last))
}

// UTF-8 has no surrogates: U+D7FF is followed by U+E000.
function nextScalar(point: number): number {
  return point === 0xd7ff ? 0xe000 : point + 1
}

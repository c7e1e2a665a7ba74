import { spaceEnd, stringEnd } from '../json-scan.ts'

/** What holds a credential in the parameters of a method, whichever: a bit each. */
const bits = [
  ['token', 1],
  ['supertoken', 2],
  ['father_token', 4],
] as const
/** Every letter written as an escape. */
const longestName = 'father_token'.length * 6 + 2

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Whether an object of `text`, at any depth, has a member for a credential twice: JSON.parse has taken the
 * text, and the last of them. One pass without recursion: whose text this is nobody knows yet.
 */
export function hasRepeatedCredential(text: string): boolean {
  if (!mayRepeat(text)) return false
  /** The credentials that each open object has had so far. */
  const open: number[] = []
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code !== quote) {
      if (code === openBrace) open.push(0)
      else if (code === closeBrace) open.pop()
      at++
      continue
    }
    const end = stringEnd(text, at)
    const next = end - at > longestName ? end : spaceEnd(text, end)
    if (text.charCodeAt(next) === colon) {
      const bit = bitOf(text, at, end)
      const had = open.pop() ?? 0
      if ((had & bit) !== 0) return true
      open.push(had | bit)
    }
    at = next
  }
  return false
}

/** Not within the loop: what a closure holds is slow to count with. */
function bitOf(text: string, begin: number, end: number): number {
  for (const [name, bit] of bits) if (saysName(text, begin, end, name)) return bit
  return 0
}

/**
 * Whether the string from `begin` to `end` says `name`. Looks at no more of it than is needed, and makes
 * nothing.
 */
function saysName(text: string, begin: number, end: number, name: string): boolean {
  let at = begin + 1
  for (let i = 0; i < name.length; i++) {
    const isEscape = text.charCodeAt(at) === backslash
    const code = isEscape ? escapedUnit(text, at) : text.charCodeAt(at)
    if (code !== name.charCodeAt(i)) return false
    at += isEscape ? 6 : 1
  }
  return at === end - 1
}

/** The UTF-16 unit of `\\u0074`; NaN of the shorter escapes, which stand for no letter. */
function escapedUnit(text: string, at: number): number {
  return text[at + 1] === 'u' ? Number.parseInt(text.slice(at + 2, at + 6), 16) : Number.NaN
}

// Of A to Z, a to z and the underscore.
const escapedLetter = /\\u00(?:[46][1-9a-fA-F]|[57][0-9aA]|5[fF])/

/** One credential for each request is all that most bodies have. */
function mayRepeat(text: string): boolean {
  const first = text.indexOf('token"')
  return (first !== -1 && text.indexOf('token"', first + 1) !== -1) || escapedLetter.test(text)
}

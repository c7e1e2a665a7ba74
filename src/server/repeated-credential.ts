/** What holds a credential in the parameters of a method, whichever. */
const names = ['token', 'supertoken', 'father_token']
const member = /"(?:supertoken|father_token|token)"\s*:/g
// Of A to Z, a to z and the underscore.
const escapedLetter = /\\u00(?:[46][1-9a-fA-F]|[57][0-9aA]|5[fF])/
const escapes = /\\(?:u(00(?:[46][1-9a-fA-F]|[57][0-9aA]|5[fF]))|.)/gs

/**
 * Whether an object of `text`, at any depth, has a member for a credential twice; `value` is what `text` was parsed to. Where the
 * text has more such members than the value, one of them took another's place. (Within a string each quote is escaped, so that
 * nothing else looks like a member.)
 */
export function hasRepeatedCredential(text: string, value: unknown): boolean {
  const plain = escapedLetter.test(text) ? withPlainLetters(text) : text
  // One for each request is all that most bodies have.
  const first = plain.indexOf('token"')
  if (first === -1 || plain.indexOf('token"', first + 1) === -1) return false
  const written = plain.match(member)?.length ?? 0
  return written > 1 && written > countMembers(value)
}

/** `"to\u006ben"` is `"token"`. */
function withPlainLetters(text: string): string {
  return text.replace(escapes, (found: string, letter: string | undefined) =>
    letter === undefined ? found : String.fromCharCode(Number.parseInt(letter, 16)),
  )
}

/** Without recursion: how deep the value nests is not checked yet. */
function countMembers(value: unknown): number {
  const left = [value]
  let count = 0
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    if (!Array.isArray(next)) count += names.filter(name => Object.hasOwn(next, name)).length
    for (const child of Object.values(next)) left.push(child)
  }
  return count
}

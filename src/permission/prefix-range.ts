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

// Surrogates are no characters of UTF-8: the one behind U+D7FF is U+E000.
function nextScalar(point: number): number {
  return point === 0xd7ff ? 0xe000 : point + 1
}

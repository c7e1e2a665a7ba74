import { eachMember, valueBegin, valueEnd } from '../../json-scan.ts'

/** A part of a text, by characters. */
export interface TextRange {
  readonly begin: number
  readonly end: number
}

/**
 * Where the value that a path leads to stands in a JSON text (that JSON.parse accepts); as far as the path leads. A path is
 * what faults of the server carry, without what leads to the text itself: `[2].or[0].limit`.
 */
export function placeOfPath(text: string, path: string): TextRange {
  let begin = valueBegin(text)
  for (const part of partsOf(path)) {
    const next = memberAt(text, begin, part)
    if (next === undefined) break
    begin = next
  }
  return { begin, end: valueEnd(text, begin) }
}

/** Names may hold any character, so that the longest that fits would be a guess: they end at a point or a bracket. */
function partsOf(path: string): readonly (string | number)[] {
  const found = path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)
  return [...found].map(([, index, name]) => (index === undefined ? (name ?? '') : Number(index)))
}

function memberAt(text: string, begin: number, wanted: string | number): number | undefined {
  if (!'{['.includes(text.charAt(begin))) return undefined
  let found: number | undefined
  eachMember(text, begin, (key, at) => {
    if (key === wanted) found = at
    return valueEnd(text, at)
  })
  return found
}

/** From 1, as editors count. */
export interface LineAndColumn {
  readonly line: number
  readonly column: number
}

export function lineAndColumn(text: string, at: number): LineAndColumn {
  const before = text.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}

import { eachMember, valueBegin, valueEnd } from '../../json-scan.ts'

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** A value within a JSON text. Where it begins tells it from every other value of the text. */
export interface JsonNode {
  readonly kind: JsonKind
  /** Its name in an object, its place in an array; undefined for the whole text. */
  readonly key: string | number | undefined
  readonly parent: JsonNode | undefined
  readonly depth: number
  readonly begin: number
  readonly end: number
}

/** One line of a tree: a value, a piece of a long string, or what is left of a long list or string. */
export type JsonLine =
  | { readonly type: 'value'; readonly node: JsonNode; readonly isOpen: boolean | undefined }
  | { readonly type: 'piece'; readonly node: JsonNode; readonly at: number; readonly text: string }
  | { readonly type: 'more'; readonly node: JsonNode; readonly left: number }

/** What is open, and how far; by where values begin. */
export interface JsonOpening {
  /** Parts that are shown of what is open. */
  readonly shown: ReadonlyMap<number, number>
}

/** Members or pieces that one opening shows, and each "show more" after it. */
export const shownAtOnce = 500

/** A longer string is cut, and its pieces are lines of their own once it is open. */
export const longString = 160

/**
 * A JSON text (that JSON.parse accepts) to be shown as a tree. Only what is open is ever read, so that megabytes cost
 * nothing before they are looked at, and a number is shown as it is written, however many digits it has.
 */
export interface JsonTree {
  readonly root: JsonNode
  lines(opening: JsonOpening): readonly JsonLine[]
  /** The members of an object or array, the pieces of a string. */
  count(node: JsonNode): number
  /** A value in one short line; a string is cut at `longString` characters. */
  preview(node: JsonNode): string
  /** The JSON text of a value as it is written. */
  source(node: JsonNode): string
}

export function createJsonTree(text: string): JsonTree {
  const members = new Map<number, readonly JsonNode[]>()
  const pieces = new Map<number, readonly string[]>()

  function membersOf(node: JsonNode): readonly JsonNode[] {
    const known = members.get(node.begin)
    if (known !== undefined) return known
    const found: JsonNode[] = []
    eachMember(text, node.begin, (key, begin) => {
      const end = valueEnd(text, begin)
      found.push({ kind: kindAt(text, begin), key, parent: node, depth: node.depth + 1, begin, end })
      return end
    })
    members.set(node.begin, found)
    return found
  }

  function piecesOf(node: JsonNode): readonly string[] {
    const known = pieces.get(node.begin)
    if (known !== undefined) return known
    const found = splitText(JSON.parse(text.slice(node.begin, node.end)) as string)
    pieces.set(node.begin, found)
    return found
  }

  const partsOf = (node: JsonNode): readonly unknown[] =>
    node.kind === 'string' ? piecesOf(node) : membersOf(node)

  function lines({ shown }: JsonOpening): readonly JsonLine[] {
    const found: JsonLine[] = []
    function add(node: JsonNode): void {
      const visible = shown.get(node.begin)
      found.push({ type: 'value', node, isOpen: canOpen(node) ? visible !== undefined : undefined })
      if (visible === undefined || !canOpen(node)) return
      if (node.kind === 'string') {
        for (const [at, piece] of piecesOf(node).slice(0, visible).entries())
          found.push({ type: 'piece', node, at, text: piece })
      } else for (const member of membersOf(node).slice(0, visible)) add(member)
      const left = partsOf(node).length - visible
      if (left > 0) found.push({ type: 'more', node, left })
    }
    add(root)
    return found
  }

  function preview(node: JsonNode): string {
    if (node.kind === 'string') return JSON.stringify(cutString(text, node))
    return text.slice(node.begin, node.end)
  }

  const begin = valueBegin(text)
  const root: JsonNode = {
    kind: kindAt(text, begin),
    key: undefined,
    parent: undefined,
    depth: 0,
    begin,
    end: valueEnd(text, begin),
  }
  return {
    root,
    lines,
    count: node => partsOf(node).length,
    preview,
    source: ({ begin, end }) => text.slice(begin, end),
  }
}

/** Whether there is more to a value than its line shows. */
export function canOpen({ kind, begin, end }: JsonNode): boolean {
  if (kind === 'object' || kind === 'array') return end - begin > 2
  return kind === 'string' && end - begin - 2 > longString
}

/** `open` with one value opened or closed. */
export function toggled({ shown }: JsonOpening, node: JsonNode, isOpen: boolean): JsonOpening {
  const next = new Map(shown)
  if (isOpen) next.set(node.begin, shownAtOnce)
  else next.delete(node.begin)
  return { shown: next }
}

/** `open` with more of a value that is open. */
export function moreOf({ shown }: JsonOpening, { begin }: JsonNode): JsonOpening {
  return { shown: new Map(shown).set(begin, (shown.get(begin) ?? 0) + shownAtOnce) }
}

/** The keys and places that lead to a value. */
export function pathOf(node: JsonNode): readonly (string | number)[] {
  const path: (string | number)[] = []
  for (let at: JsonNode | undefined = node; at !== undefined; at = at.parent)
    if (at.key !== undefined) path.push(at.key)
  return path.reverse()
}

const plainKey = /^[A-Za-z_$][\w$]*$/

/** A path as JavaScript writes it: `user.items[3]["first name"]`. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`
      if (!plainKey.test(part)) return `[${JSON.stringify(part)}]`
      return i === 0 ? part : `.${part}`
    })
    .join('')
}

const kinds: Readonly<Record<string, JsonKind>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'boolean',
  f: 'boolean',
  n: 'null',
}

function kindAt(text: string, at: number): JsonKind {
  return kinds[text.charAt(at)] ?? 'number'
}

/** An escape takes six characters at most. */
const widestCharacter = 6

function cutString(text: string, { begin, end }: JsonNode): string {
  const most = (longString + 1) * widestCharacter
  if (end - begin - 2 <= most) return cut(JSON.parse(text.slice(begin, end)) as string)
  // An escape that the cut went through is dropped; the characters before it are more than enough.
  const head = text.slice(begin, begin + 1 + most).replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, oddEscape)
  return cut(JSON.parse(`${head}"`) as string)
}

/** A backslash at the end begins an escape unless another one escapes it. */
function oddEscape(found: string, at: number, head: string): string {
  let before = at
  while (head.charAt(before - 1) === '\\') before--
  return (at - before) % 2 === 0 ? '' : found
}

function cut(text: string): string {
  return text.length <= longString ? text : `${text.slice(0, wholeEnd(text, longString))}…`
}

/** `at`, or one less where it would part a surrogate pair. */
function wholeEnd(text: string, at: number): number {
  const code = text.charCodeAt(at - 1)
  return code >= 0xd800 && code < 0xdc00 && at < text.length ? at - 1 : at
}

/** The lines of a text, each in pieces of at most `longString` characters. */
function splitText(text: string): readonly string[] {
  const pieces: string[] = []
  for (const line of text.split('\n')) {
    let at = 0
    do {
      const end = wholeEnd(line, Math.min(line.length, at + longString))
      pieces.push(line.slice(at, end))
      at = end
    } while (at < line.length)
  }
  return pieces
}

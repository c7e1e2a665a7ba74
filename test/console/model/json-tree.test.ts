import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canOpen,
  createJsonTree,
  type JsonLine,
  type JsonNode,
  type JsonOpening,
  longString,
  moreOf,
  pathOf,
  pathText,
  shownAtOnce,
  toggled,
} from '../../../src/console/model/json-tree.ts'

const closed: JsonOpening = { shown: new Map() }

/** Opens every value that the lines show until nothing is left to open. */
function openAll(text: string): { tree: ReturnType<typeof createJsonTree>; lines: readonly JsonLine[] } {
  const tree = createJsonTree(text)
  let opening = closed
  for (;;) {
    const lines = tree.lines(opening)
    const next = lines.reduce((open, line) => {
      if (line.type === 'more') return moreOf(open, line.node)
      return line.type === 'value' && line.isOpen === false ? toggled(open, line.node, true) : open
    }, opening)
    if (next === opening) return { tree, lines }
    opening = next
  }
}

/** The value that the lines of a wholly opened tree show. */
function shownValue(tree: ReturnType<typeof createJsonTree>, lines: readonly JsonLine[]): unknown {
  const holders = new Map<JsonNode | undefined, unknown>()
  let whole: unknown
  for (const line of lines) {
    if (line.type !== 'value') continue
    const { node } = line
    const value =
      node.kind === 'object'
        ? Object.create(null)
        : node.kind === 'array'
          ? []
          : JSON.parse(tree.source(node))
    holders.set(node, value)
    if (node.key === undefined) whole = value
    else (holders.get(node.parent) as Record<string | number, unknown>)[node.key] = value
  }
  return whole
}

describe('the tree of a JSON text', () => {
  it('is closed at first, and shows every value of any text once all is open', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(createJsonTree(text).lines(closed)).toHaveLength(1)
        const { tree, lines } = openAll(text)
        expect(JSON.stringify(shownValue(tree, lines))).toBe(JSON.stringify(value))
      }),
      { numRuns: 300 },
    )
  })

  it('shows numbers with all their digits', () => {
    const { tree, lines } = openAll('{"id": 9007199254740993, "small": 1e-400, "plain": 1.50}')
    const shown = lines.slice(1).map(line => tree.preview(line.node))
    expect(shown).toEqual(['9007199254740993', '1e-400', '1.50'])
  })

  it('opens nothing that is empty or short', () => {
    for (const text of ['{}', '[]', '"short"', '12', 'null', 'true'])
      expect(canOpen(createJsonTree(text).root)).toBe(false)
  })

  it('cuts long strings without parting an escape or a pair of surrogates', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', '\\', '"', '\u0001', '😀', 'ש', '\n'),
      minLength: 1,
    })
    fc.assert(
      fc.property(texts, fc.nat(200), (unit, repeats) => {
        const value = unit.repeat(repeats * 8)
        const tree = createJsonTree(JSON.stringify(value))
        const shown: string = JSON.parse(tree.preview(tree.root))
        expect(shown.isWellFormed()).toBe(true)
        const kept = shown.endsWith('…') && value.length > longString ? shown.slice(0, -1) : shown
        expect(value.startsWith(kept)).toBe(true)
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(value.length, longString - 1))
      }),
      { numRuns: 300 },
    )
  })

  it('shows a long string in pieces that are the whole text', () => {
    const value = `${'x'.repeat(longString - 1)}😀\n\n${'word '.repeat(90)}end`
    const { lines } = openAll(JSON.stringify({ value }))
    const pieces = lines.filter(line => line.type === 'piece').map(line => line.text)
    expect(pieces.join('')).toBe(value.replaceAll('\n', ''))
    expect(pieces.every(piece => piece.length <= longString && piece.isWellFormed())).toBe(true)
  })

  it('shows a part of a long list, and says how much is left', () => {
    const tree = createJsonTree(JSON.stringify(Array.from({ length: shownAtOnce * 2 + 1 }, (_, i) => i)))
    const opened = toggled(closed, tree.root, true)
    expect(tree.lines(opened)).toHaveLength(1 + shownAtOnce + 1)
    expect(tree.lines(opened).at(-1)).toMatchObject({ type: 'more', left: shownAtOnce + 1 })
    const all = moreOf(moreOf(opened, tree.root), tree.root)
    expect(tree.lines(all)).toHaveLength(1 + shownAtOnce * 2 + 1)
    expect(tree.lines(toggled(all, tree.root, false))).toHaveLength(1)
  })

  it('names the path to a value as JavaScript does', () => {
    const { lines } = openAll('{"user": {"first name": [1, {"id": 2}]}}')
    expect(lines.map(({ node }) => pathText(pathOf(node)))).toEqual([
      '',
      'user',
      'user["first name"]',
      'user["first name"][0]',
      'user["first name"][1]',
      'user["first name"][1].id',
    ])
  })
})

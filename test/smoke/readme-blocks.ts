import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A fenced block of a page. */
export interface Block {
  /** The page's path in the repository. */
  readonly page: string
  /** Empty where the fence names none. */
  readonly language: string
  readonly text: string
  /** Of the fence that opens it, from 1. */
  readonly line: number
}

/** The pages whose blocks are run, in the order in which a reader meets them. */
const pages = [
  'README.md',
  'docs/events.md',
  'docs/compatibility/uipath.md',
  'docs/live-changes.md',
  'docs/sinks.md',
  'docs/export-import.md',
  'docs/retention.md',
  'docs/tokens.md',
  'docs/operations.md',
  'docs/client.md',
]

export function readBlocks(root: string): readonly Block[] {
  return pages.flatMap(page => {
    const source = readFileSync(join(root, page), 'utf8')
    const blocks = [...source.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
      ([, language = '', text = ''], i, all) => ({
        page,
        language,
        text,
        line: source.slice(0, all[i]?.index).split('\n').length,
      }),
    )
    const fences = source.match(/^\s*(?:```|~~~)/gm) ?? []
    assert.equal(fences.length, 2 * blocks.length, `a fence of ${page} is not closed, or is indented`)
    return blocks
  })
}

/**
 * Whether an answer is of the kind that a page shows: the members that it shows, where `…` is in any text. Numbers, and
 * texts that are moments or digits, are only examples.
 */
export function isShownAs(shown: unknown, answer: unknown): boolean {
  if (typeof shown === 'string' && typeof answer === 'string') {
    if (isMoment(shown)) return isMoment(answer)
    if (isDigits(shown)) return isDigits(answer)
    return shown.includes('…') || shown === answer
  }
  if (typeof shown === 'number') return typeof answer === 'number'
  if (typeof shown !== 'object' || shown === null) return shown === answer
  if (typeof answer !== 'object' || answer === null || Array.isArray(shown) !== Array.isArray(answer))
    return false
  const members = answer as Readonly<Record<string, unknown>>
  return Object.entries(shown).every(([name, value]) => isShownAs(value, members[name]))
}

function isDigits(text: string): boolean {
  return /^\d+$/.test(text)
}

function isMoment(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)
}

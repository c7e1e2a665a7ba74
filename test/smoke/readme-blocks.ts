import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A fenced block of the README. */
export interface Block {
  /** Empty where the fence names none. */
  readonly language: string
  readonly text: string
  /** Of the fence that opens it, from 1. */
  readonly line: number
}

export function readBlocks(root: string): readonly Block[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = ''], i, all) => ({
      language,
      text,
      line: readme.slice(0, all[i]?.index).split('\n').length,
    }),
  )
  const fences = readme.match(/^\s*(?:```|~~~)/gm) ?? []
  assert.equal(fences.length, 2 * blocks.length, 'a fence of the README is not closed, or is indented')
  return blocks
}

/**
 * Whether an answer is of the kind that the README shows: the members that it shows, where `…` is in any text. Numbers, and
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

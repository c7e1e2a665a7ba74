import { isExactNumber } from '../../json.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A condition as the console shows it. What it does not know is kept as it came. */
export type Chip =
  | { readonly type: 'word'; readonly name: string }
  | { readonly type: 'key'; readonly name: string; readonly value: unknown }
  | { readonly type: 'group'; readonly of: 'or' | 'and'; readonly chips: readonly Chip[] }
  | { readonly type: 'not'; readonly chip: Chip }
  | { readonly type: 'raw'; readonly json: unknown }

/** Why the server does not take a condition list. */
export interface ConditionFault {
  readonly message: string
  /** As the server has it: `query.condition[2].limit`. */
  readonly path?: string | undefined
}

/** The chips of a condition list. Nothing is lost: `printChips` gives a list of the same meaning. */
export function parseChips(list: readonly unknown[], vocabulary: Vocabulary): readonly Chip[] {
  return list.map(condition => parseChip(condition, vocabulary))
}

export function printChips(chips: readonly Chip[]): readonly unknown[] {
  return chips.map(printChip)
}

function parseChip(condition: unknown, vocabulary: Vocabulary): Chip {
  const raw: Chip = { type: 'raw', json: condition }
  if (typeof condition === 'string')
    return vocabulary.words.has(condition) ? { type: 'word', name: condition } : raw
  if (typeof condition !== 'object' || condition === null) return raw
  if (Array.isArray(condition) || isExactNumber(condition)) return raw
  const [member, second] = Object.entries(condition)
  if (member === undefined || second !== undefined) return raw
  const [name, value]: [string, unknown] = member
  if (vocabulary.words.has(name)) return value === null || value === true ? { type: 'word', name } : raw
  if (name === 'not') return { type: 'not', chip: parseChip(value, vocabulary) }
  if (name === 'or' || name === 'and')
    return Array.isArray(value) ? { type: 'group', of: name, chips: parseChips(value, vocabulary) } : raw
  return vocabulary.keys.has(name) ? { type: 'key', name, value } : raw
}

function printChip(chip: Chip): unknown {
  switch (chip.type) {
    case 'word':
      return chip.name
    case 'key':
      return { [chip.name]: chip.value }
    case 'group':
      return { [chip.of]: printChips(chip.chips) }
    case 'not':
      return { not: printChip(chip.chip) }
    case 'raw':
      return chip.json
  }
}

/** `chips` with the one at `at` replaced, or taken away; at its length: one more. */
export function replaceChip(chips: readonly Chip[], at: number, chip: Chip | undefined): readonly Chip[] {
  return chips.toSpliced(at, 1, ...(chip === undefined ? [] : [chip]))
}

/** Which condition of the list a fault of the server is about: `query.condition[2].limit` is about number 2. */
export function chipOfPath(path: string | undefined): number | undefined {
  const found = /(?:^|\.)condition\[(\d+)\]/.exec(path ?? '')
  return found === null ? undefined : Number(found[1])
}

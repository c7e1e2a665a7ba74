import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planConditions } from '../../../src/condition/plan.ts'
import {
  type Chip,
  chipOfPath,
  parseChips,
  printChips,
  replaceChip,
} from '../../../src/console/model/condition-chip.ts'
import { type Vocabulary, vocabularyOf } from '../../../src/console/model/vocabulary.ts'
import { parseJson, stringifyJson } from '../../../src/json.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import type { Resource } from '../../../src/resource/resource.ts'
import { someConditionList } from '../../condition/random-condition.ts'
import { openRpcDocument } from './openrpc-document.ts'

const document = await openRpcDocument()

function vocabulary(of: Resource): Vocabulary {
  const found = vocabularyOf(document, of.name)
  if (found === undefined) throw new Error(`no vocabulary of ${of.name}`)
  return found
}

function planOf({ language }: Resource, list: readonly unknown[]) {
  return planConditions(list, { language, path: 'q', maxConditions: 1000, allowAll: false })
}

/** With the chips inside of others. */
function allOf(chips: readonly Chip[]): readonly Chip[] {
  return chips.flatMap(chip => {
    if (chip.type === 'group') return [chip, ...allOf(chip.chips)]
    return chip.type === 'not' ? [chip, ...allOf([chip.chip])] : [chip]
  })
}

/** The same condition with every word in its short form. */
function shortWords(condition: unknown, words: Vocabulary['words']): unknown {
  if (typeof condition !== 'object' || condition === null || JSON.isRawJSON(condition)) return condition
  const [entry, second] = Object.entries(condition)
  if (Array.isArray(condition) || entry === undefined || second !== undefined) return condition
  const [name, value] = entry
  if (words.has(name) && (value === null || value === true)) return name
  if (name === 'not') return { not: shortWords(value, words) }
  const isList = Array.isArray(value) && (name === 'or' || name === 'and')
  return isList ? { [name]: value.map(each => shortWords(each, words)) } : condition
}

describe.each(resources.map(resource => [resource.name, resource] as const))(
  'chips of %s',
  (_name, resource) => {
    const known = vocabulary(resource)

    it('show every valid condition, and mean the same', () => {
      fc.assert(
        fc.property(someConditionList(resource), list => {
          const chips = parseChips(list, known)
          expect(allOf(chips).filter(({ type }) => type === 'raw')).toEqual([])
          expect(planOf(resource, printChips(chips))).toEqual(planOf(resource, list))
        }),
        { numRuns: 200 },
      )
    })

    it('lose nothing of what is no condition', () => {
      const names = fc.constantFrom(
        'or',
        'and',
        'not',
        'limit',
        'unknown',
        '__proto__',
        ...known.words.keys(),
        ...known.keys.keys(),
      )
      const some = fc.letrec(tie => ({
        any: fc.oneof(
          { maxDepth: 4 },
          names,
          fc.jsonValue({ maxDepth: 1 }),
          fc.constant(parseJson('9007199254740993')),
          fc.array(tie('any'), { maxLength: 3 }),
          fc.tuple(names, tie('any')).map(([name, value]) => Object.fromEntries([[name, value]])),
          fc.dictionary(names, tie('any'), { maxKeys: 2, noNullPrototype: true }),
        ),
      })).any
      fc.assert(
        fc.property(fc.array(some, { maxLength: 4 }), list => {
          const printed = stringifyJson(printChips(parseChips(list, known)))
          expect(printed).toBe(stringifyJson(list.map(each => shortWords(each, known.words))))
        }),
        { numRuns: 500 },
      )
    })
  },
)

describe('chips', () => {
  it('are replaced, taken away and added', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name): Chip => ({ type: 'word', name }))
    if (a === undefined || b === undefined) throw new Error('no chips')
    expect(replaceChip([a, b], 1, c)).toEqual([a, c])
    expect(replaceChip([a, b], 0, undefined)).toEqual([b])
    expect(replaceChip([a, b], 2, c)).toEqual([a, b, c])
  })

  it('are found by the path of a fault', () => {
    expect(chipOfPath('query.condition[2].or[1].limit')).toBe(2)
    expect(chipOfPath('condition[0]')).toBe(0)
    expect(chipOfPath('query.fields[0]')).toBeUndefined()
    expect(chipOfPath(undefined)).toBeUndefined()
  })
})

import { expect, test } from 'vitest'
import type { ConditionOf, ResourceName } from '../../src/client/client.ts'
import { resources } from '../../src/resource/index.ts'

type KeyOf<C> = C extends object ? keyof C : never
type WordOf<C> = C extends string ? C : never
type Shared = 'last' | 'all' | 'limit' | 'or' | 'and' | 'not'

/** What the types let a program ask for: the compiler refuses a name too many, and one too few. */
type Typed = {
  readonly [R in ResourceName]: {
    readonly words: Readonly<Record<Exclude<WordOf<ConditionOf<R>>, Shared>, true>>
    readonly keys: Readonly<Record<Exclude<KeyOf<ConditionOf<R>>, Shared>, true>>
  }
}

const typed: Typed = {}

test.each(resources)('the types of $name know its conditions, and no others', ({ name, language }) => {
  const { words, keys } = typed[name as ResourceName]
  expect(Object.keys(words).sort()).toEqual([...language.words.keys()].sort())
  expect(Object.keys(keys).sort()).toEqual([...language.keys.keys()].sort())
})

test('every resource has types', () => {
  expect(Object.keys(typed).sort()).toEqual(resources.map(({ name }) => name).sort())
})

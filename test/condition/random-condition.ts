import fc from 'fast-check'
import type { Field } from '../../src/condition/language.ts'
import type { Resource } from '../../src/resource/resource.ts'

/** Few values of each kind, so that rows tie with each other and conditions find them. */
export const someNameText = fc.constantFrom(
  'w',
  'w1',
  'w10',
  'x',
  'W1',
  'demo_a',
  'demo_b',
  'demo%',
  'demo\\',
  "o'brien",
  'ü',
  '漢字',
  '\u{10ffff}x',
  '"; drop table js_result; --',
  // One that a word of change events means.
  'job.faulted',
)

/** Few integers, none below the least one there may be. */
export function someIntegerFrom(minimum = -2): fc.Arbitrary<number> {
  return fc.integer({ min: minimum, max: 3 })
}

/** Epoch milliseconds, several a day apart and several a millisecond. */
export const someTime = fc
  .tuple(fc.nat({ max: 12 }), fc.nat({ max: 3 }))
  .map(([days, milliseconds]) => 1_775_000_000_000 + days * 86_400_000 + milliseconds)

/** The time now of those who plan such conditions: between the times above. */
export const conditionClock = (): number => 1_775_000_000_002 + 6 * 86_400_000

const someSpan = fc.constantFrom('0ms', '1s', '144h', '6d', '518400001ms', '3d', '1w', '2w')

const someProse = fc
  .array(
    fc.constantFrom('Err', 'err', '%', '_', '\\', "'", ' ', 'É', 'é', '漢', '🙂', 'Ω', 'ω', '$1', '{}', '\n'),
    { minLength: 1, maxLength: 6 },
  )
  .map(parts => parts.join(''))

export const someText = fc.oneof(someProse, fc.constant(''))

const someScalar = fc.oneof(
  fc.constantFrom(null, true, false, '', 'a', 'b', '%', '漢'),
  fc.integer({ min: -1, max: 2 }),
  fc.constantFrom(0.5, 1e21),
)

/** JSON from few members, nested up to three deep, so that one value contains another often enough. */
export const someJson: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 3 }, someScalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
})).value

const someOrdered = fc.oneof(fc.integer({ min: -1, max: 2 }), fc.constantFrom(0.5, 1e21, '', 'a', '漢', 'b'))

const somePathTest = fc
  .tuple(
    fc.array(fc.constantFrom<string | number>('a', 'b', 'c', 0, 1, '0'), { minLength: 1, maxLength: 3 }),
    fc.oneof(
      someJson.map(eq => ({ eq })),
      fc.array(someJson, { maxLength: 3 }).map(list => ({ in: list })),
      someJson.map(contains => ({ contains })),
      fc.boolean().map(exists => ({ exists })),
      ...['gt', 'gte', 'lt', 'lte'].map(name => someOrdered.map(value => ({ [name]: value }))),
    ),
  )
  .map(([path, test]) => ({ path, ...test }))

/** What is in names, in prose, and in payloads as the database writes them. */
const someSearch = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        'eRR',
        '%',
        '_',
        "'",
        'É',
        '漢',
        'w',
        'demo',
        '"a": ',
        '1',
        ', ',
        '[',
        '0.5',
        '000',
        '{}',
      ),
      {
        minLength: 1,
        maxLength: 2,
      },
    )
    .map(parts => parts.join('')),
  someText.filter(text => text !== ''),
)

function someValueOf(field: Field): fc.Arbitrary<string | number> {
  switch (field.kind) {
    case 'id':
      return fc.integer({ min: -1, max: 6000 })
    case 'integer':
      return someIntegerFrom()
    case 'enum':
      return fc.constantFrom(...(field.values ?? []))
    default:
      return someNameText
  }
}

const somePattern = fc.oneof(
  fc.constantFrom('*', 'w*', 'demo*', 'demo_*', 'demo\\*', 'W*', '\u{10ffff}*', 'x*', '%*'),
  someNameText,
)

function conditionsOf(field: Field): fc.Arbitrary<unknown> {
  const { name, kind } = field
  const member = (suffix: string, value: fc.Arbitrary<unknown>) =>
    value.map(each => ({ [`${name}${suffix}`]: each }))
  if (kind === 'json') return fc.oneof(member('_contains', someJson), member('_path', somePathTest))
  if (kind === 'text') return member('_contains', someText)
  if (kind === 'time') {
    return fc.oneof(
      member('_from', someTime),
      member('_to', someTime),
      member('_since', someSpan),
      member('_from_to', fc.tuple(someTime, someTime)),
    )
  }
  const listed = member('_in', fc.array(someValueOf(field), { maxLength: 4 }))
  const equal = member('', someValueOf(field))
  return kind === 'name' ? fc.oneof(equal, listed, member('_like', somePattern)) : fc.oneof(equal, listed)
}

function someWord(resource: Resource): fc.Arbitrary<unknown> {
  const forms = [...resource.language.words.keys()].flatMap(name => [
    name,
    { [name]: null },
    { [name]: true },
  ])
  return fc.constantFrom<unknown>(...forms)
}

/** A duration that the times above can have. */
const someDuration = fc.tuple(fc.integer({ min: -12, max: 12 }), fc.integer({ min: -3, max: 3 }))

const durations = fc
  .tuple(fc.constantFrom('duration_from', 'duration_to'), someDuration)
  .map(([key, [days, milliseconds]]) => ({ [key]: days * 86_400_000 + milliseconds }))

/** A condition of the resource's language, nested up to five deep; no limit, last or all. */
export function someCondition(resource: Resource): fc.Arbitrary<unknown> {
  const filters = resource.fields.filter(field => field.filter !== false).map(conditionsOf)
  const elapsed = resource.language.keys.has('duration_from') ? [durations] : []
  const search = someSearch.map(text => ({ search: text }))
  const leaf = fc.oneof(...filters, someWord(resource), search, ...elapsed)
  const list = (tie: fc.LetrecLooselyTypedTie) => fc.array(tie('any'), { minLength: 1, maxLength: 3 })
  return fc.letrec(tie => ({
    any: fc.oneof(
      { maxDepth: 5 },
      { arbitrary: leaf, weight: 5 },
      { arbitrary: list(tie).map(or => ({ or })), weight: 2 },
      { arbitrary: list(tie).map(and => ({ and })), weight: 1 },
      { arbitrary: tie('any').map(not => ({ not })), weight: 2 },
    ),
  })).any
}

const someBound = fc.oneof(
  fc.constantFrom('last', { last: null }, { last: true }),
  fc.constantFrom(0, 1, 2, 10, 999, 1000, 1001, 10_000, 10_001).map(limit => ({ limit })),
)

/** A whole list: filters, and sometimes a limit or last, in any order. */
export function someConditionList(resource: Resource): fc.Arbitrary<unknown[]> {
  const filters = fc.array(someCondition(resource), { maxLength: 3 })
  const bounds = fc.array(someBound, { maxLength: 2 })
  return fc
    .tuple(filters, fc.oneof({ arbitrary: fc.constant([]), weight: 2 }, bounds))
    .chain(([some, more]) =>
      fc.shuffledSubarray([...some, ...more], { minLength: some.length + more.length }),
    )
}

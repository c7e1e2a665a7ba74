import { beforeAll, expect, test } from 'vitest'
import { allMatch } from '../../src/condition/match.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { parseJson } from '../../src/json.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { planFilters } from '../../src/resource/query.ts'
import { createRecordService, type Records } from '../../src/resource/records.ts'
import { newRowSchema } from '../../src/resource/row.ts'
import { describeEngines } from '../support/databases.ts'
import { superToken } from './caller.ts'

/** What stands at `a` of a payload each. */
const values = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '0.0',
  '1',
  '1.0',
  '1.50',
  '1.5',
  '-2',
  '0.1',
  '0.1000000000000000055511151231257827',
  '9007199254740992',
  '9007199254740993',
  '9007199254740993.0',
  '9007199254740994',
  '-9007199254740993',
  '1e21',
  '1000000000000000000001',
  '1e300',
  '1e-300',
  '123456789012345678901234567890.5',
  '""',
  '"1"',
  '"a"',
  '"B"',
  '"ab"',
  '"é"',
  '"\uffff"',
  '"😀"',
  '"quo\\"te\\n"',
  '[]',
  '[1]',
  '[1,2]',
  '[2,1]',
  '["a"]',
  '[[1],[]]',
  '[9007199254740993]',
  '{}',
  '{"b":1}',
  '{"b":1.0,"c":null}',
  '{"c":null,"b":1}',
  '{"0":"a"}',
  '{"":"a"}',
  '{"\\"":"a"}',
  '{"b":{"c":[{"d":1}]}}',
]

/** Payloads in which nothing stands at `a`. */
const others = ['5', '"a"', '[{"a":1}]', '[1]', '{"A":1}', '{}', '{"b":{"a":1}}']

const paths = [
  ['a'],
  ['a', 0],
  ['a', '0'],
  ['a', 1],
  ['a', 'b'],
  ['a', ''],
  ['a', '"'],
  ['a', 'b', 'c', 0, 'd'],
  [0],
  [0, 'a'],
]

const texts = paths.flatMap(path => {
  const at = `"path":${JSON.stringify(path)}`
  const wanted = path.length === 1 ? values : ['1', '"a"', 'null', '[]', '2', '{"c":[{"d":1}]}']
  const ordered = wanted.filter(value => /^(-?\d|")/.test(value))
  return [
    ...['true', 'false'].map(value => `{${at},"exists":${value}}`),
    ...wanted.map(value => `{${at},"eq":${value}}`),
    ...wanted.map(value => `{${at},"contains":${value}}`),
    `{${at},"in":[]}`,
    `{${at},"in":[1.0,"a",{"b":1}]}`,
    ...['gt', 'gte', 'lt', 'lte'].flatMap(name => ordered.map(value => `{${at},"${name}":${value}}`)),
  ]
})

describeEngines('values within payloads', open => {
  let records: Records
  const payloads = [...values.map(value => `{"a":${value}}`), ...others]
  const params = [undefined, ...payloads.map(parseJson)]
  let first = 0

  beforeAll(async () => {
    const service = createRecordService({
      database: await open(),
      cache: createStatementCache(),
      clock: () => 0,
      maxConditions: 32,
      onRows: () => undefined,
    })
    records = service.of(jsResult)
    const rows = params.map(param => ({ js_worker_name: 'w', ...(param !== undefined && { param }) }))
    const { ids } = await records.append(
      superToken,
      rows.map(row => newRowSchema(jsResult).parse(row)),
    )
    first = ids[0] ?? 0
  })

  /** The payloads that fulfil it, by their number; 0 is the record without any. */
  async function found(text: string): Promise<readonly number[]> {
    const rows = parseJson((await records.select(superToken, { condition: [parseJson(text)] })).text)
    return (rows as { id: number }[]).map(({ id }) => id - first).toSorted((a, b) => a - b)
  }

  test('are compared in memory as they are by the database', async () => {
    let telling = 0
    for (const text of texts) {
      for (const condition of [`{"param_path":${text}}`, `{"not":{"param_path":${text}}}`]) {
        const options = { maxConditions: 32, clock: () => 0 }
        const { predicates } = planFilters(jsResult, { condition: [parseJson(condition)] }, options)
        const matches = allMatch(predicates, () => 0)
        const inMemory = params.flatMap((param = null, i) => {
          const nulls = new Set(i === 0 ? ['param'] : [])
          return matches({ members: { param }, nulls, payloadText: () => '' }) ? [i] : []
        })
        expect(await found(condition), condition).toEqual(inMemory)
        if (inMemory.length > 0 && inMemory.length < params.length) telling++
      }
    }
    expect(telling).toBeGreaterThan(texts.length)
  })

  const at = (...wanted: readonly string[]) =>
    params.flatMap((_, i) => (wanted.includes(payloads[i - 1] ?? '') ? [i] : []))

  test.each([
    ['{"path":["a"],"eq":9007199254740993}', ['{"a":9007199254740993}', '{"a":9007199254740993.0}']],
    ['{"path":["a"],"eq":0}', ['{"a":0}', '{"a":-0}', '{"a":0.0}']],
    ['{"path":["a"],"eq":null}', ['{"a":null}']],
    ['{"path":["a"],"eq":[1,2]}', ['{"a":[1,2]}']],
    ['{"path":["a"],"eq":{"b":1,"c":null}}', ['{"a":{"b":1.0,"c":null}}', '{"a":{"c":null,"b":1}}']],
    ['{"path":["a",0],"eq":1}', ['{"a":[1]}', '{"a":[1,2]}']],
    ['{"path":["a","0"],"exists":true}', ['{"a":{"0":"a"}}']],
    [
      '{"path":["a"],"gt":1e21}',
      ['{"a":1000000000000000000001}', '{"a":1e300}', '{"a":123456789012345678901234567890.5}'],
    ],
    ['{"path":["a"],"gt":"é"}', ['{"a":"\uffff"}', '{"a":"😀"}']],
    ['{"path":["a"],"gte":"\uffff"}', ['{"a":"\uffff"}', '{"a":"😀"}']],
    ['{"path":["a"],"lt":"a"}', ['{"a":""}', '{"a":"1"}', '{"a":"B"}']],
    ['{"path":["a"],"contains":2}', ['{"a":[1,2]}', '{"a":[2,1]}']],
    ['{"path":[0],"exists":true}', ['[{"a":1}]', '[1]']],
    ['{"path":["a"],"in":["\\"","quo\\"te\\n",true]}', ['{"a":"quo\\"te\\n"}', '{"a":true}']],
  ])('are found by %s', async (text, wanted) => {
    expect(await found(`{"param_path":${text}}`)).toEqual(at(...wanted))
  })

  test('are there or not, as is null', async () => {
    const there = await found('{"param_path":{"path":["a"],"exists":true}}')
    expect(there).toEqual(at(...values.map(value => `{"a":${value}}`)))
    const absent = await found('{"param_path":{"path":["a"],"exists":false}}')
    expect(absent).toEqual(params.flatMap((_, i) => (there.includes(i) ? [] : [i])))
  })
})

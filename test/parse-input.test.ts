import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../src/json.ts'
import { parseInput } from '../src/parse-input.ts'

const schema = z.strictObject({
  query: z.strictObject({ condition: z.array(z.unknown()) }),
  older_than_ms: z.int().optional(),
  target: z
    .union([z.literal('all'), z.strictObject({ name: z.string(), note: z.string().optional() })])
    .optional(),
})

const query = { condition: [] }

function fault(text: string): unknown {
  try {
    return parseInput(schema, parseJson(text))
  } catch (error) {
    return (error as { data: unknown }).data
  }
}

test('what fits is handed on', () => {
  expect(parseInput(schema, { query })).toEqual({ query })
})

test.for([
  ['{"query":{"condition":[]},"olderThanMs":1}', 'olderThanMs', 'older_than_ms', undefined],
  ['{"querry":{"condition":[]}}', 'querry', 'query', ['query']],
  ['{"query":{"conditions":[]}}', 'query.conditions', 'condition', ['condition']],
  ['{"query":{"condition":[],"unheard_of":1}}', 'query.unheard_of', undefined, undefined],
  ['{"query":{"condition":[]},"target":{"name":"a","notes":"b"}}', 'target.notes', 'note', undefined],
  ['{"query":{"condition":[]},"target":{"nam":"a"}}', 'target.nam', 'name', ['name']],
] as const)('%s: the unknown member %s is named', ([text, path, did_you_mean, missing]) => {
  expect(fault(text)).toEqual({
    reason: 'unknown_member',
    path,
    ...(did_you_mean && { did_you_mean }),
    ...(missing && { missing }),
  })
})

test.for(['9007199254740992', '9007199254740993', '-1e30', '0.12345678901234567891'])(
  'a number %s, which a double does not hold, is no object',
  number => {
    const text = `{"query":{"condition":[]},"older_than_ms":${number}}`
    expect(fault(text)).toEqual({ reason: 'invalid_params', path: 'older_than_ms' })
    expect(() => parseInput(schema, parseJson(text))).toThrow(
      expect.objectContaining({ message: expect.stringContaining('from -9007199254740991 to') }),
    )
  },
)

test('a path and a reason come before and after what is wrong', () => {
  expect(() => parseInput(z.int(), 'a', { path: 'query.condition[0].id', reason: 'wrong_type' })).toThrow(
    expect.objectContaining({ data: { reason: 'wrong_type', path: 'query.condition[0].id' } }),
  )
})

test('no schema drops members in silence: z.object does', () => {
  const source = fileURLToPath(new URL('../src/', import.meta.url))
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  )
  const loose = files.filter(file => readFileSync(`${source}${file}`, 'utf8').includes('z.object('))
  expect(files.length).toBeGreaterThan(100)
  expect(loose).toEqual([])
})

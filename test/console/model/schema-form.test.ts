import { describe, expect, it } from 'vitest'
import {
  type ApiDocument,
  type ApiMethod,
  FieldFault,
  formOf,
  readForm,
} from '../../../src/console/model/schema-form.ts'

const schemas = { query: { type: 'object', description: 'What is wanted' } }
const document: ApiDocument = { methods: [], components: { schemas } }

const method: ApiMethod = {
  name: 'x_delete',
  summary: '',
  params: [
    { name: 'token', schema: { type: ['string', 'null'] } },
    { name: 'query', required: true, schema: { $ref: '#/components/schemas/query' } },
    { name: 'dry_run', schema: { type: 'boolean', default: false } },
    { name: 'enabled', schema: { type: 'boolean', default: true } },
    { name: 'order', schema: { type: 'string', enum: ['newest', 'oldest'], default: 'newest' } },
    { name: 'max_affected', schema: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
    { name: 'after', schema: { type: ['string', 'null'] } },
    { name: 'fields', schema: { type: 'array' } },
    { name: 'result', schema: {} },
  ],
  examples: [
    {
      params: [
        { name: 'query', value: { condition: ['is_success'] } },
        { name: 'after', value: 'x' },
      ],
    },
  ],
}

describe('the form of a method', () => {
  const fields = formOf(method, document)

  it('has a field for each parameter but the credential, of the kind that its schema says', () => {
    expect(fields.map(({ name, input }) => [name, input])).toEqual([
      ['query', 'json'],
      ['dry_run', 'flag'],
      ['enabled', 'flag'],
      ['order', 'choice'],
      ['max_affected', 'json'],
      ['after', 'text'],
      ['fields', 'json'],
      ['result', 'json'],
    ])
    expect(fields[0]).toMatchObject({ isRequired: true, description: 'What is wanted' })
    expect(fields[3]).toMatchObject({ choices: ['newest', 'oldest'], fallback: '"newest"' })
  })

  it('begins with the example of what is required, and leaves out the rest', () => {
    expect(readForm(fields, {})).toEqual({ query: { condition: ['is_success'] } })
  })

  it('sends what is entered: texts as they are, everything else as JSON', () => {
    const texts = {
      query: '{}',
      dry_run: 'true',
      enabled: 'false',
      order: 'oldest',
      after: '12',
      fields: '["id"]',
    }
    expect(readForm(fields, texts)).toEqual({
      query: {},
      dry_run: true,
      enabled: false,
      order: 'oldest',
      after: '12',
      fields: ['id'],
    })
  })

  it('keeps numbers that a double cannot hold, and null', () => {
    const { result, max_affected } = readForm(fields, {
      result: '12345678901234567890.5',
      max_affected: 'null',
    })
    expect(JSON.stringify(result)).toBe('12345678901234567890.5')
    expect(max_affected).toBeNull()
  })

  it('says which field is not JSON', () => {
    const read = (): unknown => readForm(fields, { query: '{"condition":' })
    expect(read).toThrow(FieldFault)
    expect(read).toThrow(expect.objectContaining({ field: 'query' }))
  })
})

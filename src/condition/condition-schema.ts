import { z } from 'zod'
import { maxNameLength } from '../permission/pattern.ts'
import type { Language } from './language.ts'

/** JSON Schema, draft 7. */
type JsonSchema = Readonly<Record<string, unknown>>

/**
 * How a client may write one condition, for the OpenRPC document. It only describes: `planConditions` reads the
 * conditions, because only it knows the path of a fault.
 */
export function conditionSchema({ words, keys }: Language, allowAll: boolean): JsonSchema {
  const flags = ['last', ...(allowAll ? ['all'] : []), ...words.keys()]
  const inner = { description: 'A condition other than limit, last and all' }
  return {
    anyOf: [
      { description: 'A word', type: 'string', enum: flags },
      ...flags.map(name => member(name, words.get(name)?.summary ?? name, { enum: [null, true] })),
      member('limit', 'The newest n', { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      ...[...keys.values()].map(key => member(key.name, key.summary, valueSchema(key.value))),
      member('or', 'At least one holds', { type: 'array', items: inner, minItems: 1 }),
      member('and', 'All hold', { type: 'array', items: inner, minItems: 1 }),
      member('view', 'What the view of this name stands for', {
        type: 'string',
        minLength: 1,
        maxLength: maxNameLength,
      }),
      member('not', 'It does not hold', inner),
    ],
  }
}

function member(name: string, description: string, value: JsonSchema): JsonSchema {
  return {
    description,
    type: 'object',
    properties: { [name]: value },
    required: [name],
    additionalProperties: false,
  }
}

function valueSchema(value: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(value, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  })
  return schema
}

import fc from 'fast-check'
import type { Resource, ResourceField } from '../../src/resource/resource.ts'
import { someInteger, someJson, someNameText, someText, someTime } from '../condition/random-condition.ts'

function someValue(field: ResourceField): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'integer':
      return someInteger
    case 'enum':
      return fc.constantFrom(...(field.values ?? []))
    case 'json':
      return someJson
    case 'text':
      return someText
    case 'time':
      return someTime
    default:
      return someNameText
  }
}

/** A row to append, every member given. */
export function someRow(resource: Resource): fc.Arbitrary<Record<string, unknown>> {
  const given = resource.fields.filter(field => field.append !== 'generated')
  const members = given.map(field => {
    const value = someValue(field)
    return [field.name, field.nullable === true ? fc.option(value, { freq: 3 }) : value] as const
  })
  return fc.record(Object.fromEntries(members), { noNullPrototype: true })
}

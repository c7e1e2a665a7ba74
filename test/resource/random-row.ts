import fc from 'fast-check'
import type { Resource, ResourceField } from '../../src/resource/resource.ts'
import { someIntegerFrom, someJson, someNameText, someText, someTime } from '../condition/random-condition.ts'
import { givenFields } from './record-rows.ts'

function someValue(field: ResourceField): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'integer':
      return someIntegerFrom(field.minimum)
    case 'enum':
      return fc.constantFrom(...(field.values ?? []))
    case 'json':
      // JSON null is stored as no value at all.
      return field.nullable === true ? someJson : someJson.filter(value => value !== null)
    case 'text':
      return someText
    case 'time':
      return someTime
    default:
      return someNameText
  }
}

/** A row to record, every member given. */
export function someRow(resource: Resource): fc.Arbitrary<Record<string, unknown>> {
  const members = givenFields(resource).map(field => {
    const value = someValue(field)
    return [field.name, field.nullable === true ? fc.option(value, { freq: 3 }) : value] as const
  })
  return fc.record(Object.fromEntries(members), { noNullPrototype: true })
}

/** So many of them, of which no two would be merged. */
export function randomRows(resource: Resource, count: number): readonly Record<string, unknown>[] {
  const { merge } = resource
  if (merge === undefined) return fc.sample(someRow(resource), count)
  const summed = [merge.count, merge.first, merge.last]
  const own = givenFields(resource).filter(field => !summed.includes(field.name))
  const rows = new Map<string, Record<string, unknown>>()
  while (rows.size < count) {
    for (const row of fc.sample(someRow(resource), count - rows.size)) {
      rows.set(JSON.stringify(own.map(field => row[field.name])), row)
    }
  }
  return [...rows.values()]
}

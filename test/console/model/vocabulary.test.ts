import { describe, expect, it } from 'vitest'
import { resourcesOf, vocabularyOf } from '../../../src/console/model/vocabulary.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import { openRpcDocument } from './openrpc-document.ts'

const document = await openRpcDocument()

describe('the vocabulary of a resource', () => {
  it('is found in the OpenRPC document for every resource', () => {
    expect(resourcesOf(document)).toEqual(resources.map(({ name }) => name))
  })

  it.each(resources.map(resource => [resource.name, resource] as const))(
    'has all that may be said of %s',
    (name, { language, fields }) => {
      const known = vocabularyOf(document, name)
      expect([...(known?.words.keys() ?? [])].sort()).toEqual(['last', ...language.words.keys()].sort())
      expect([...(known?.keys.keys() ?? [])].sort()).toEqual(
        ['limit', 'view', ...language.keys.keys()].sort(),
      )
      expect(known?.fields.map(field => field.name)).toEqual(fields.map(field => field.name))
      const times = fields.filter(({ kind }) => kind === 'time').map(field => field.name)
      expect(known?.fields.filter(({ kind }) => kind === 'time').map(field => field.name)).toEqual(times)
    },
  )

  it('says what a condition is about and how its value is put in', () => {
    const keys = vocabularyOf(document, 'event-log')?.keys
    const shown = (name: string) => {
      const { subject, operator, input, hasFacet } = keys?.get(name) ?? {}
      return [subject, operator, input, hasFacet]
    }
    expect(shown('full_name_like')).toEqual(['full_name', 'like', { type: 'text' }, true])
    expect(shown('full_name_in')).toEqual(['full_name', 'in', { type: 'texts' }, true])
    expect(shown('created_time_from')).toEqual(['created_time', 'from', { type: 'time' }, false])
    expect(shown('created_time_from_to')).toEqual(['created_time', 'between', { type: 'times' }, false])
    expect(shown('duration_from')).toEqual(['duration', 'from', { type: 'number' }, false])
    expect(shown('param_contains')).toEqual(['param', 'contains', { type: 'json' }, false])
    expect(shown('error_message_contains')).toEqual(['error_message', 'contains', { type: 'text' }, false])
    expect(shown('created_time_since')).toEqual(['created_time', 'since', { type: 'span' }, false])
    expect(shown('param_path')).toEqual(['param', 'path', { type: 'path' }, false])
    expect(shown('search')).toEqual(['search', 'is', { type: 'text' }, false])
    expect(shown('view')).toEqual(['view', 'is', { type: 'text' }, false])
    expect(shown('limit')).toEqual(['limit', 'is', { type: 'number' }, false])
    const values = ['waiting', 'running', 'success', 'fail']
    expect(shown('status')).toEqual(['status', 'is', { type: 'choice', values }, true])
    expect(shown('status_in')).toEqual(['status', 'in', { type: 'choices', values }, true])
  })

  it('is none of what the document does not know', () => {
    expect(vocabularyOf(document, 'unknown')).toBeUndefined()
    expect(vocabularyOf(undefined, 'js-result')).toBeUndefined()
    expect(resourcesOf(null)).toEqual([])
  })
})

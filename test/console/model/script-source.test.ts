import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DaybookError } from '../../../src/client/client.ts'
import {
  base64OfSource,
  newSource,
  sourceOfBase64,
  syntaxFaultOf,
} from '../../../src/console/model/script-source.ts'

describe('the source of a script', () => {
  it('is what the server keeps, whatever its characters are', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 50 }).filter(text => text.isWellFormed())
    fc.assert(
      fc.property(texts, text => {
        expect(base64OfSource(text)).toBe(Buffer.from(text).toString('base64'))
        expect(sourceOfBase64(base64OfSource(text))).toBe(text)
      }),
    )
  })

  it('may be as long as the server takes', () => {
    const long = `${newSource}// ${'漢'.repeat(150_000)}`
    expect(sourceOfBase64(base64OfSource(long))).toBe(long)
  })
})

describe('a fault of the server', () => {
  const fault = (data: Readonly<Record<string, unknown>>, reason = 'script_syntax_error') =>
    new DaybookError({
      code: 108,
      message: 'expecting )',
      data: { reason, ...data },
    } as ConstructorParameters<typeof DaybookError>[0])

  it('says at which line a script cannot be read', () => {
    expect(syntaxFaultOf(fault({ line: 3, column: 7 }))).toEqual({
      message: 'expecting )',
      line: 3,
      column: 7,
    })
    expect(syntaxFaultOf(fault({ line: 3 }))?.column).toBe(1)
  })

  it('says nothing of the source where it is about something else', () => {
    expect(syntaxFaultOf(fault({ line: 3 }, 'script_too_large'))).toBeUndefined()
    expect(syntaxFaultOf(fault({}))).toBeUndefined()
    expect(syntaxFaultOf(new Error('no'))).toBeUndefined()
    expect(syntaxFaultOf(undefined)).toBeUndefined()
  })
})

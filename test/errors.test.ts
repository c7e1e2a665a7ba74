import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  failures,
  hasCode,
  hasReason,
  invalidInput,
  invalidParams,
  RpcError,
  reasons,
} from '../src/errors.ts'

const source = globSync('src/**/*.ts', { cwd: new URL('..', import.meta.url) })
  .filter(file => file !== 'src/errors.ts')
  .map(file => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
  .join('\n')

/** As a text of its own, at the beginning of a message, or as a key. */
function isSaid(word: string): boolean {
  return new RegExp(`['\`]${word}(?:'|: )|^ +${word}: [{[]`, 'm').test(source)
}

describe('the reasons of errors', () => {
  it('are all used', () => {
    const words = [...Object.keys(reasons), ...Object.keys(failures)]
    expect(words.filter(word => !isSaid(word))).toEqual([])
  })

  it('are not words of failures as well', () => {
    expect(Object.keys(failures).filter(word => word in reasons)).toEqual([])
  })

  it('bring their code', () => {
    expect(new RpcError('sequence_too_old', 'gone', { path: 'since' })).toMatchObject({
      code: 108,
      data: { reason: 'sequence_too_old', path: 'since' },
    })
  })

  it('come with their other code where that is asked for', () => {
    expect(new RpcError('sandbox_busy', 'full')).toMatchObject({ code: 999 })
    expect(new RpcError('sandbox_busy', 'full', {}, 'busy')).toMatchObject({ code: 110 })
  })

  it('are asked for by name, as codes are', () => {
    const error = new RpcError('lease_lost', 'gone')
    expect(hasReason(error, 'name_in_use', 'lease_lost')).toBe(true)
    expect(hasReason(error, 'name_in_use')).toBe(false)
    expect(hasCode(error, 'busy', 'conflict')).toBe(true)
    expect(hasCode(new Error('lease_lost'), 'conflict')).toBe(false)
  })
})

describe('a fault of a value', () => {
  it('says where the value stands, in the message and in the data', () => {
    expect(invalidParams('query.condition[2]', 'expected a word')).toMatchObject({
      code: -32602,
      message: 'query.condition[2]: expected a word',
      data: { reason: 'invalid_params', path: 'query.condition[2]' },
    })
    expect(invalidInput('password', 'is too short', 'password_too_short')).toMatchObject({
      code: 108,
      message: 'password: is too short',
      data: { reason: 'password_too_short', path: 'password' },
    })
  })

  it('has only a message where the value has no place', () => {
    expect(invalidParams('', 'expected an object').message).toBe('expected an object')
  })
})

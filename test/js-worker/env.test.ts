import { describe, expect, test } from 'vitest'
import { maskEnv, openEnv, overlayEnv, sealEnv } from '../../src/js-worker/env.ts'
import { parseJson, stringifyJson } from '../../src/json.ts'
import { createSealer } from '../../src/seal.ts'

const sealer = createSealer('k'.repeat(32))
const env = {
  url: 'https://example.com',
  secrets: { key: 'hidden-1', list: ['hidden-2', { deep: 42 }], flag: false, nothing: null, empty: {} },
  nested: [{ secrets: 'hidden-3', plain: 'secrets' }],
}

describe('the env of a worker', () => {
  test('comes out as it went in, and its stored form holds none of its secrets', () => {
    const stored = sealEnv(env, sealer)
    expect(openEnv(stored, sealer)).toEqual(env)
    expect(JSON.stringify(stored)).not.toContain('hidden')
    expect(stored).toMatchObject({ url: 'https://example.com', nested: [{ plain: 'secrets' }] })
  })

  test('is shown with a mask for each secret, whatever its type and depth', () => {
    expect(maskEnv(sealEnv(env, sealer))).toEqual({
      url: 'https://example.com',
      secrets: { key: '***', list: ['***', { deep: '***' }], flag: '***', nothing: '***', empty: {} },
      nested: [{ secrets: '***', plain: 'secrets' }],
    })
  })

  test('keeps what is stored where a mask is given back, and takes the rest', () => {
    const stored = sealEnv(env, sealer)
    const shown = maskEnv(stored) as typeof env
    const changed = { ...shown, secrets: { ...shown.secrets, key: 'hidden-4' } }
    expect(openEnv(sealEnv(changed, sealer, stored), sealer)).toEqual({
      ...env,
      secrets: { ...env.secrets, key: 'hidden-4' },
    })
  })

  test.each([
    ['a new name', { secrets: { other: '***' } }, 'env.secrets.other'],
    ['where a list was', { secrets: { list: '***' } }, 'env.secrets.list'],
    ['where nothing was secret', { url: { secrets: '***' } }, 'env.url.secrets'],
    ['a name of every object', { secrets: { constructor: '***' } }, 'env.secrets.constructor'],
    [
      'a place of a list that it does not have',
      { nested: [{}, { secrets: '***' }] },
      'env.nested[1].secrets',
    ],
  ])('refuses a mask that stands for nothing stored: %s', (_what, given, path) => {
    const attempt = () => sealEnv(given, sealer, sealEnv(env, sealer))
    expect(attempt).toThrow(expect.objectContaining({ code: 108, data: { reason: 'secret_unknown', path } }))
  })

  test('keeps numbers that a double cannot hold, and members named __proto__', () => {
    const text = '{"secrets":{"big":9007199254740993},"__proto__":{"secrets":"hidden"}}'
    const stored = sealEnv(parseJson(text), sealer)
    expect(stringifyJson(openEnv(stored, sealer))).toBe(text)
    expect(stringifyJson(stored)).not.toContain('hidden')
    expect(stringifyJson(stored)).not.toContain('9007199254740993')
  })

  test('sealed with another key cannot be read, and the error tells nothing of it', () => {
    const stored = sealEnv(env, createSealer('x'.repeat(32)))
    expect(() => openEnv(stored, sealer)).toThrow(
      expect.objectContaining({ code: 999, data: { reason: 'secrets_unreadable' } }),
    )
  })

  test('takes for one run what replaces its open members', () => {
    expect(overlayEnv({ a: 1, b: { c: 2 } }, { b: 3 }, ['b'])).toEqual({ a: 1, b: 3 })
    expect(overlayEnv(null, { a: 1 }, ['a'])).toEqual({ a: 1 })
    expect(overlayEnv([1], {}, null)).toEqual([1])
    expect(() => overlayEnv({ a: 1 }, { b: 3, a: 2 }, ['b'])).toThrow(
      expect.objectContaining({ code: 108, data: { reason: 'env_not_open', path: 'env.a' } }),
    )
  })
})

import { describe, expect, test } from 'vitest'
import {
  digestSecret,
  generateKey,
  generateSecret,
  isSecretOf,
  maxCredentialLength,
  parseCredential,
} from '../../src/permission/credential.ts'

describe('a credential', () => {
  test.each([
    ['key:secret', { kind: 'secret', key: 'key', secret: 'secret' }],
    ['key:a:b|c', { kind: 'secret', key: 'key', secret: 'a:b|c' }],
    ['name|pass', { kind: 'password', username: 'name', password: 'pass' }],
    ['name|a:b|c', { kind: 'password', username: 'name', password: 'a:b|c' }],
    ['a.b-c.d_e', { kind: 'jwt', jwt: 'a.b-c.d_e' }],
    ['a.b.', { kind: 'jwt', jwt: 'a.b.' }],
  ])('%j is taken apart at the first separator', (text, expected) => {
    expect(parseCredential(text)).toEqual(expected)
  })

  test.each([
    '',
    'demo_token',
    ':secret',
    'key:',
    '|password',
    'name|',
    'a.b',
    'a.b.c.d',
    'a b.c.d',
    '.b.c',
    'a\0:b',
    '\ud800:b',
    `key:${'s'.repeat(maxCredentialLength)}`,
  ])('%j is malformed, and the error does not repeat it', text => {
    expect(() => parseCredential(text)).toThrow(
      expect.objectContaining({
        code: 101,
        message: 'The credential is malformed',
        data: { reason: 'malformed_credential' },
      }),
    )
  })
})

describe('a generated secret', () => {
  test('is 32 letters and digits, a key 16, each drawn anew', () => {
    const keys = new Set(Array.from({ length: 200 }, generateKey))
    const secrets = Array.from({ length: 200 }, generateSecret)
    expect(keys.size).toBe(200)
    expect([...keys].every(key => /^[A-Za-z0-9]{16}$/.test(key))).toBe(true)
    expect(secrets.every(secret => /^[A-Za-z0-9]{32}$/.test(secret))).toBe(true)
    expect(new Set(secrets.join('')).size).toBe(62)
  })
})

describe('the digest of a secret', () => {
  const digest = digestSecret('secret', 'pepper')

  test('has 32 bytes and depends on the pepper', () => {
    expect(digest).toHaveLength(32)
    expect(digestSecret('secret', 'salt')).not.toEqual(digest)
  })

  test('fits that secret alone', () => {
    expect(isSecretOf(digest, 'secret', 'pepper')).toBe(true)
    expect(isSecretOf(new Uint8Array(digest), 'secret', 'pepper')).toBe(true)
    expect(isSecretOf(digest, 'Secret', 'pepper')).toBe(false)
    expect(isSecretOf(digest, 'secret', 'salt')).toBe(false)
    expect(isSecretOf(undefined, 'secret', 'pepper')).toBe(false)
  })
})

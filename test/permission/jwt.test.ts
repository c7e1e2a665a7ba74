import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, test } from 'vitest'
import { createJwts } from '../../src/permission/jwt.ts'

const secret = 's'.repeat(32)
const now = Date.UTC(2026, 0, 1)
const seconds = now / 1000
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

const jwts = createJwts({ secret, issuer: 'daybook', clock: () => now })
const claims = { iss: 'daybook', sub: 'key', iat: seconds, exp: seconds + 60, gen: 1 }

/** Signs any text as HS256 (or what `alg` hashes with), also what jsonwebtoken itself would refuse to sign. */
function forge(header: object, payload: unknown, key = secret, hash = 'sha256'): string {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const signed = [JSON.stringify(header), body].map(part => Buffer.from(part).toString('base64url')).join('.')
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`
}

const hs256 = { alg: 'HS256', typ: 'JWT' }
const without = (name: keyof typeof claims) => ({ ...claims, [name]: undefined })

describe('a JWT', () => {
  test('that was minted here says who issued it and when it ends', () => {
    const limits = [{ scopes: ['global' as const], permissions: [] }]
    const { jwt, expiresAt } = jwts.mint({ tokenKey: 'key', generation: 3, limits, ttlMs: 60_500 })
    expect(expiresAt).toBe(now + 60_000)
    expect(jwts.verify(jwt)).toEqual({
      iss: 'daybook',
      sub: 'key',
      iat: seconds,
      exp: seconds + 60,
      gen: 3,
      token_limit: limits,
    })
  })

  test('that was signed with the right secret elsewhere is taken, with or without typ', () => {
    expect(jwts.verify(forge(hs256, claims))).toMatchObject({ sub: 'key' })
    expect(jwts.verify(forge({ alg: 'HS256' }, claims))).toMatchObject({ sub: 'key' })
  })

  const rs256 = { alg: 'RS256', typ: 'JWT' }
  const unsigned = `${forge({ alg: 'none', typ: 'JWT' }, claims).split('.').slice(0, 2).join('.')}.`
  test.each([
    ['alg none', unsigned],
    ['alg none and a signature', forge({ alg: 'none', typ: 'JWT' }, claims)],
    ['HS512', forge({ alg: 'HS512', typ: 'JWT' }, claims, secret, 'sha512')],
    ['HS384', forge({ alg: 'HS384', typ: 'JWT' }, claims, secret, 'sha384')],
    ['RS256 signed with the HMAC secret', forge(rs256, claims)],
    [
      'RS256 of a key that nobody configured',
      jsonwebtoken.sign(claims, rsa.privateKey, { algorithm: 'RS256' }),
    ],
    ['no alg', forge({ typ: 'JWT' }, claims)],
    ['an alg of the prototype', forge({ alg: 'constructor', typ: 'JWT' }, claims)],
    ['another secret', forge(hs256, claims, 'x'.repeat(32))],
    ['a cut signature', forge(hs256, claims).slice(0, -1)],
    ['no exp', forge(hs256, without('exp'))],
    ['exp as a string', forge(hs256, { ...claims, exp: String(claims.exp) })],
    ['exp 1e309', forge(hs256, JSON.stringify(claims).replace(`"exp":${claims.exp}`, '"exp":1e309'))],
    ['a fractional exp', forge(hs256, { ...claims, exp: claims.exp + 0.5 })],
    ['exp null', forge(hs256, { ...claims, exp: null })],
    ['no iat', forge(hs256, without('iat'))],
    ['iat 1e309', forge(hs256, JSON.stringify(claims).replace(`"iat":${claims.iat}`, '"iat":1e309'))],
    ['no iss', forge(hs256, without('iss'))],
    ['another iss', forge(hs256, { ...claims, iss: 'other' })],
    ['iss as a list', forge(hs256, { ...claims, iss: ['daybook'] })],
    ['no sub', forge(hs256, without('sub'))],
    ['sub as a number', forge(hs256, { ...claims, sub: 1 })],
    ['no gen', forge(hs256, without('gen'))],
    ['nbf in the future', forge(hs256, { ...claims, nbf: seconds + 1 })],
    ['nbf as a string', forge(hs256, { ...claims, nbf: '0' })],
    ['crit', forge({ ...hs256, crit: ['x'], x: 1 }, claims)],
    ['an empty crit', forge({ ...hs256, crit: [] }, claims)],
    ['another typ', forge({ alg: 'HS256', typ: 'at+jwt' }, claims)],
    ['an audience', forge(hs256, { ...claims, aud: 'other' })],
    ['an array as its payload', forge(hs256, [claims])],
    ['a string as its payload', forge(hs256, '"text"')],
    ['null as its payload', forge(hs256, 'null')],
    ['limits that are none', forge(hs256, { ...claims, token_limit: [{ scopes: ['x'], permissions: [] }] })],
    ['null as its limits', forge(hs256, { ...claims, token_limit: null })],
  ])('with %s is refused', (_what, jwt) => {
    expect(() => jwts.verify(jwt)).toThrow(
      expect.objectContaining({ code: 102, data: { reason: 'permission_denied' } }),
    )
  })

  test('that has ended is refused as expired, but only when its signature is right', () => {
    const ended = { ...claims, exp: seconds }
    expect(() => jwts.verify(forge(hs256, ended))).toThrow(
      expect.objectContaining({ code: 102, data: { reason: 'credential_expired' } }),
    )
    expect(() => jwts.verify(forge(hs256, ended, 'x'.repeat(32)))).toThrow(
      expect.objectContaining({ code: 102, data: { reason: 'permission_denied' } }),
    )
  })

  test.each([
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.e30.x`],
    ['a payload that is no JSON', forge(hs256, '{')],
    ['two parts', 'a.b'],
    ['nothing in it', 'a.b.c'],
  ])('with %s is malformed', (_what, jwt) => {
    expect(() => jwts.verify(jwt)).toThrow(expect.objectContaining({ code: 101 }))
  })
})

describe('a configured public key', () => {
  test.each([
    ['RS256', rsa],
    ['ES256', ec],
  ] as const)('checks %s, beside the secret that checks HS256', (algorithm, pair) => {
    const both = createJwts({ secret, publicKey: pem(pair.publicKey), issuer: 'daybook', clock: () => now })
    const jwt = jsonwebtoken.sign(without('gen'), pair.privateKey, { algorithm })
    expect(both.verify(jwt)).toMatchObject({ sub: 'key' })
    expect(both.verify(forge(hs256, claims))).toMatchObject({ sub: 'key' })
  })

  test('is no HMAC secret, and its algorithm is the only one it takes', () => {
    const publicKey = pem(rsa.publicKey)
    const both = createJwts({ secret, publicKey, issuer: 'daybook', clock: () => now })
    const confused = forge(hs256, claims, publicKey)
    const stronger = jsonwebtoken.sign(claims, rsa.privateKey, { algorithm: 'RS512' })
    for (const jwt of [
      confused,
      stronger,
      jsonwebtoken.sign(claims, rsa.privateKey, { algorithm: 'PS256' }),
    ]) {
      expect(() => both.verify(jwt)).toThrow(expect.objectContaining({ code: 102 }))
    }
  })

  test.each([
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
  ])('is refused when it is %s', (_what, key) => {
    expect(() => createJwts({ secret, publicKey: pem(key), issuer: 'daybook', clock: () => now })).toThrow()
  })
})

test('a secret of 31 bytes is refused', () => {
  expect(() => createJwts({ secret: 's'.repeat(31), issuer: 'daybook', clock: () => now })).toThrow()
})

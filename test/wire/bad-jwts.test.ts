import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from './support/app.ts'
import { createRsaIssuer, type Forgery, forgeJwt, hmac, unsigned } from './support/forge.ts'
import { expectUntouched } from './support/untouched.ts'
import { describeApps, failure, jsLimit, rpc } from './support/wire.ts'

const rsa = createRsaIssuer()
const now = Math.floor(Date.now() / 1000)
const hs256 = { alg: 'HS256', typ: 'JWT' }
const limits = [jsLimit('*', { read: '*', write: '*', delete: '*' })]

/** What is changed of a JWT that would be right; `sub` is the issuing token's key. */
type Change = (right: { readonly sub: string }) => Partial<Forgery>

function claims(sub: string, changed: object = {}): object {
  return { iss: 'daybook', sub, iat: now, exp: now + 3600, gen: 1, ...changed }
}

const withClaims =
  (changed: object): Change =>
  ({ sub }) => ({ payload: claims(sub, changed) })

/** JSON text, for what JSON.stringify does not write. */
const withExp =
  (exp: string): Change =>
  ({ sub }) => ({ payload: JSON.stringify(claims(sub, { exp: 'EXP' })).replace('"EXP"', exp) })

const refused: readonly (readonly [what: string, change: Change])[] = [
  ['the algorithm none', () => ({ header: { alg: 'none', typ: 'JWT' }, signer: unsigned })],
  ['the algorithm NONE', () => ({ header: { alg: 'NONE' }, signer: unsigned })],
  ['no algorithm', () => ({ header: { typ: 'JWT' } })],
  ['HS512', () => ({ header: { alg: 'HS512' }, signer: hmac(secrets.jwt, 'sha512') })],
  ['HS384', () => ({ header: { alg: 'HS384' }, signer: hmac(secrets.jwt, 'sha384') })],
  ['RS256 signed with the HMAC secret', () => ({ header: { alg: 'RS256' } })],
  ['HS256 signed with the public key', () => ({ signer: hmac(rsa.publicKey) })],
  ['HS256 signed with the private key', () => ({ signer: rsa.signer })],
  ['RS512', () => ({ header: { alg: 'RS512' }, signer: rsa.signer })],
  ['another secret', () => ({ signer: hmac('another secret of thirty-two bytes!') })],
  ['an empty secret', () => ({ signer: hmac('') })],
  ['no signature', () => ({ signer: unsigned })],
  ['half a signature', () => ({ signer: input => hmac(secrets.jwt)(input).subarray(0, 16) })],
  ['an extension to be understood', () => ({ header: { ...hs256, crit: ['exp'] } })],
  ['an unknown extension', () => ({ header: { ...hs256, crit: ['x'], x: 1 } })],
  ['an empty list of extensions', () => ({ header: { ...hs256, crit: [] } })],
  ['another type', () => ({ header: { ...hs256, typ: 'at+jwt' } })],
  ['no exp', withClaims({ exp: undefined })],
  ['an exp of null', withClaims({ exp: null })],
  ['an exp that is text', withClaims({ exp: String(now + 3600) })],
  ['an exp that is true', withClaims({ exp: true })],
  ['an exp of 1e309', withExp('1e309')],
  ['an exp that is a fraction', withClaims({ exp: now + 0.5 + 3600 })],
  ['an exp beyond all integers', withExp('9223372036854775808')],
  ['an nbf in the future', withClaims({ nbf: now + 1800 })],
  ['an nbf that is text', withClaims({ nbf: String(now) })],
  ['no iat', withClaims({ iat: undefined })],
  ['an iat that is text', withClaims({ iat: String(now) })],
  ['no issuer', withClaims({ iss: undefined })],
  ['another issuer', withClaims({ iss: 'somebody' })],
  ['no subject', withClaims({ sub: undefined })],
  ['a subject that is nobody', withClaims({ sub: 'nobody0123456789' })],
  ['a subject that is a number', withClaims({ sub: 1 })],
  ['an audience', withClaims({ aud: 'daybook' })],
  ['no generation', withClaims({ gen: undefined })],
  ['another generation', withClaims({ gen: 2 })],
  ['limits that are none', withClaims({ token_limit: [{ scopes: ['galaxy'], permissions: [] }] })],
  ['limits that are text', withClaims({ token_limit: '*' })],
  ['a list for a payload', ({ sub }) => ({ payload: JSON.stringify([claims(sub)]) })],
  ['a text for a payload', ({ sub }) => ({ payload: JSON.stringify(JSON.stringify(claims(sub))) })],
  ['claims under __proto__', ({ sub }) => ({ payload: `{"__proto__":${JSON.stringify(claims(sub))}}` })],
]

describeApps(
  'JWTs',
  wire => {
    let sub: string
    let issuer: string

    beforeAll(async () => {
      issuer = await wire.token(limits, { username: 'issuer', password: 'the password' })
      sub = issuer.slice(0, 16)
    })

    const forge = (change: Change = () => ({})): string =>
      forgeJwt({ header: hs256, payload: claims(sub), signer: hmac(secrets.jwt), ...change({ sub }) })

    const expectRefused = async (token: string, refusal: unknown) => {
      const query = { condition: [{ js_worker_name: 'kept' }] }
      const calls = ['js-result_query', 'js-result_count', 'js-result_delete', 'token_get'].map(method =>
        rpc(method, { token, query }),
      )
      expect(await wire.ask(calls)).toEqual(calls.map(() => refusal))
    }

    describe('that are refused', () => {
      expectUntouched(wire)

      test.each(refused)('one with %s is refused, and nothing is read or deleted', async (_what, change) => {
        await expectRefused(forge(change), failure(102, 'permission_denied'))
      })

      test('one that has ended is refused by name', async () => {
        await expectRefused(forge(withClaims({ exp: now - 1 })), failure(102, 'credential_expired'))
      })

      test.each([
        ['has one part', 'eyJhbGciOiJIUzI1NiJ9'],
        ['has empty parts', '..'],
        ['has parts that are no JSON', 'a.b.c'],
        ['is too long', 'x'.repeat(8193)],
      ])('a text that %s is malformed', async (_what, text) => {
        await expectRefused(text, failure(101, 'malformed_credential'))
      })
    })

    test('one that is right is taken, so that the table above is about what it says', async () => {
      const right = [
        forge(),
        forge(() => ({ header: { alg: 'HS256' } })),
        forge(withClaims({ nbf: now - 1 })),
        forge(withClaims({ jti: 'x', extra: [1] })),
      ]
      for (const jwt of right)
        expect(await wire.result('token_get', {}, jwt)).toMatchObject({ token_key: sub })
      const foreign = forgeJwt({
        header: { alg: 'RS256', typ: 'JWT' },
        payload: claims(sub, { gen: undefined }),
        signer: rsa.signer,
      })
      expect(await wire.result('js-result_count', { query: { condition: [] } }, foreign)).toEqual({
        count: 3,
      })
    })

    test('limits of its own narrow and never widen', async () => {
      const narrow = forge(withClaims({ token_limit: [jsLimit('kept', { read: '*' })] }))
      expect(await wire.result('js-result_count', { query: { condition: [] } }, narrow)).toEqual({ count: 2 })
      const deleting = await wire.call('js-result_delete', { query: { condition: ['all'] } }, narrow)
      expect(deleting).toEqual(failure(102, 'permission_denied'))
      const weak = await wire.token([jsLimit('kept', { read: '*' })])
      const all = { token_limit: [{ scopes: ['global'], permissions: [{ js_result: { delete: '*' } }] }] }
      const wide = forge(() => ({ payload: claims(weak.slice(0, 16), all) }))
      expect(await wire.call('js-result_count', { query: { condition: [] } }, wide)).toEqual(
        failure(102, 'permission_denied'),
      )
    })

    test.each([
      ['token_change_password', { new_password: 'another password' }],
      ['token_roll_token_secret', {}],
      ['token_delete', {}],
    ])('%s of the issuer ends its JWTs at once', async (method, rest) => {
      const token = await wire.token(limits, { username: method, password: 'the password' })
      const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, token)
      expect(await wire.result('js-result_count', { query: { condition: [] } }, jwt)).toEqual({ count: 3 })
      await wire.result(method, { target_token: method, ...rest })
      await expectRefused(jwt, failure(102, 'permission_denied'))
    })

    test('one cannot issue another', async () => {
      const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, issuer)
      const again = await wire.call('token_issue', { ttl_ms: 60_000 }, jwt)
      expect(again).toEqual(failure(102, 'jwt_cannot_issue'))
    })
  },
  { env: { DAYBOOK_JWT_PUBLIC_KEY: rsa.publicKey } },
)

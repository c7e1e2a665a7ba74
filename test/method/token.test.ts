import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { describeEngines } from '../support/databases.ts'
import { fault, startTokens, type TestTokens } from '../token/tokens.ts'

const limit = (scope: string, name = '*'): TokenLimit => [
  { scopes: [{ js_worker: scope }], permissions: [{ js_result: { read: name } }] },
]
const demo = limit('demo_*')
const denied = fault(102, 'permission_denied')

describeEngines('the token methods', open => {
  let tokens: TestTokens
  const asRoot = (name: string, params: object = {}) => tokens.call(name, { token: tokens.root, ...params })
  const authenticate = (credential: string) => tokens.authenticator.authenticate(credential)

  beforeAll(async () => {
    tokens = await startTokens(await open())
  })
  afterAll(() => tokens.authenticator.close())

  test.each([
    ['token_create', { token_creation: { token_limit: [] } }],
    ['token_edit', { target_token: 'root', limit: [] }],
    ['token_delete', { target_token: 'root' }],
    ['token_list_all_tokens', {}],
    ['token_roll_token_secret', { target_token: 'root' }],
    ['token_change_password', { target_token: 'root', new_password: 'password' }],
  ])('%s is for the super token alone, also where the target does not exist', async (name, params) => {
    const { credential } = await tokens.create([
      { scopes: ['global'], permissions: [{ js_result: { read: '*' } }] },
    ])
    const unknown = { ...params, ...('target_token' in params && { target_token: 'nobody' }) }
    await expect(tokens.call(name, { ...params, token: credential })).rejects.toMatchObject(denied)
    await expect(tokens.call(name, { ...unknown, token: credential })).rejects.toMatchObject(denied)
    await expect(tokens.call(name, params)).rejects.toMatchObject(fault(102, 'credential_required'))
  })

  describe('token_create', () => {
    test('answers a key and a secret that open what was asked for', async () => {
      const { key, secret, credential } = await tokens.create(demo)
      expect(key).toMatch(/^[A-Za-z0-9]{16}$/)
      expect(secret).toMatch(/^[A-Za-z0-9]{32}$/)
      expect(await tokens.call('token_get', { token: credential })).toEqual({
        version: 1,
        token_key: key,
        timestamp_from: null,
        timestamp_to: null,
        token_limit: demo,
        username: null,
      })
    })

    test('takes the credential as father_token or from the header', async () => {
      const params = { token_creation: { token_limit: [] } }
      await tokens.call('token_create', { ...params, father_token: tokens.root })
      await tokens.call('token_create', params, tokens.root)
      await expect(tokens.call('token_create', { ...params, father_token: 'a:b' })).rejects.toMatchObject(
        denied,
      )
    })

    test('keeps every member', async () => {
      const period = { timestamp_from: 0, timestamp_to: 253_402_300_799_999 }
      const { credential } = await tokens.create(demo, {
        username: 'ben',
        password: '12345678',
        version: 1,
        ...period,
      })
      expect(await tokens.call('token_get', { token: credential })).toMatchObject({
        username: 'ben',
        ...period,
      })
    })

    test.each([
      ['no token_limit', { token_limit: undefined }, 'token_creation.token_limit'],
      ['a username alone', { username: 'carl' }, 'token_creation.password'],
      ['a password alone', { password: '12345678' }, 'token_creation.username'],
      ['a colon in the username', { username: 'a:b', password: '12345678' }, 'token_creation.username'],
      ['a bar in the username', { username: 'a|b', password: '12345678' }, 'token_creation.username'],
      ['a star in the username', { username: 'a*', password: '12345678' }, 'token_creation.username'],
      ['another version', { version: 2 }, 'token_creation.version'],
      ['a time as text', { timestamp_to: '10' }, 'token_creation.timestamp_to'],
      ['a fractional time', { timestamp_to: 1.5 }, 'token_creation.timestamp_to'],
      ['a time that no Date holds', { timestamp_to: 2 ** 53 }, 'token_creation.timestamp_to'],
      ['an unknown member', { note: 'x' }, 'token_creation.note'],
    ])('refuses %s with -32602 and its path', async (_what, rest, path) => {
      await expect(tokens.create([], rest)).rejects.toMatchObject({ code: -32602, data: { path } })
    })

    test.each([
      '',
      'a*b',
      '**',
      '*a*a*a*a*a*a*a*a*a*b',
      '[[:alpha:]]*[[:alpha:]]*',
      'a\u0007',
      'a'.repeat(129),
    ])('refuses the pattern %j with its path', async pattern => {
      const inScope = tokens.create([...demo, ...limit(pattern)])
      const scopePath = 'token_creation.token_limit[1].scopes[0].js_worker'
      await expect(inScope).rejects.toMatchObject({ code: -32602, data: { path: scopePath } })
      const inPermission = tokens.create(limit('a', pattern))
      const permissionPath = 'token_creation.token_limit[0].permissions[0].js_result.read'
      await expect(inPermission).rejects.toMatchObject({ code: -32602, data: { path: permissionPath } })
    })

    test.each(['!demo_*', '{a,b}', '[a]', '?', '@(a)', '(a+)+$'])(
      'takes %j as the literal name it is',
      async pattern => {
        const { credential } = await tokens.create(limit(pattern))
        const ask = { scope: { js_worker: pattern }, permission: { js_result: { read: 'a' } } }
        expect(await tokens.call('token_explain', { token: credential, ...ask })).toMatchObject({
          allowed: true,
        })
        const other = { ...ask, scope: { js_worker: 'a' } }
        expect(await tokens.call('token_explain', { token: credential, ...other })).toMatchObject({
          allowed: false,
        })
      },
    )

    test.each([
      ['a reversed period', { timestamp_from: 2, timestamp_to: 1 }, 'reversed_period', 'timestamp_to'],
      ['a short password', { username: 'dora', password: '1234567' }, 'password_too_short', 'password'],
      ['an empty password', { username: 'dora', password: '' }, 'password_too_short', 'password'],
      ['a long password', { username: 'dora', password: 'x'.repeat(257) }, 'password_too_long', 'password'],
    ])('refuses %s with 108', async (_what, rest, reason, name) => {
      await expect(tokens.create([], rest)).rejects.toMatchObject(
        fault(108, reason, `token_creation.${name}`),
      )
    })

    test('refuses a username that is taken, also by somebody at the same moment', async () => {
      const both = await Promise.allSettled(
        [1, 2].map(() => tokens.create([], { username: 'emil', password: 'password' })),
      )
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const taken = fault(109, 'username_taken', 'token_creation.username')
      const again = tokens.create([], { username: 'root', password: 'password' })
      await expect(again).rejects.toMatchObject(taken)
    })
  })

  describe('token_get', () => {
    test('with supertoken shows the target by its key, else by its username', async () => {
      const { key, credential } = await tokens.create(demo, { username: 'fred', password: 'password' })
      const own = await tokens.call('token_get', { token: credential })
      for (const token of [key, 'fred']) {
        expect(await tokens.call('token_get', { supertoken: tokens.root, token })).toEqual(own)
      }
    })

    test('takes a key before a username that is the same', async () => {
      const { key } = await tokens.create(demo)
      await tokens.create([], { username: key, password: 'password' })
      expect(await tokens.call('token_get', { supertoken: tokens.root, token: key })).toMatchObject({
        token_key: key,
        username: null,
      })
    })

    test('of a target is for the super token alone, and matches literally', async () => {
      const { key, credential } = await tokens.create(demo)
      await expect(tokens.call('token_get', { supertoken: credential, token: key })).rejects.toMatchObject(
        denied,
      )
      for (const token of [`${key.slice(0, 8)}*`, '*', '%', key.toLowerCase().repeat(2)]) {
        const asked = tokens.call('token_get', { supertoken: tokens.root, token })
        await expect(asked).rejects.toMatchObject(fault(105, 'token_not_found'))
      }
      const nobody = tokens.call('token_get', { supertoken: tokens.root })
      await expect(nobody).rejects.toMatchObject(fault(108, 'empty_target', 'token'))
    })

    test('with a JWT shows the token that issued it', async () => {
      const { key, credential } = await tokens.create(demo)
      const { jwt } = (await tokens.call('token_issue', { token: credential, ttl_ms: 1000 })) as {
        jwt: string
      }
      expect(await tokens.call('token_get', { token: jwt })).toMatchObject({ token_key: key })
    })
  })

  test.each([
    ['token_edit', { limit: [] }],
    ['token_delete', {}],
    ['token_roll_token_secret', {}],
    ['token_change_password', { new_password: 'password' }],
  ])('%s tells a missing target from an empty one', async (name, rest) => {
    const missing = asRoot(name, { target_token: 'nobody:at all', ...rest })
    await expect(missing).rejects.toMatchObject(fault(105, 'token_not_found', 'target_token'))
    const empty = asRoot(name, { target_token: '', ...rest })
    await expect(empty).rejects.toMatchObject(fault(108, 'empty_target', 'target_token'))
    await expect(asRoot(name, rest)).rejects.toMatchObject({ code: -32602, data: { path: 'target_token' } })
  })

  test('token_edit replaces the limits at once', async () => {
    const { key, credential } = await tokens.create(demo)
    await authenticate(credential)
    const answer = await asRoot('token_edit', { target_token: key, limit: limit('other') })
    expect(answer).toEqual({ success: true, id: expect.any(Number), token_key: key })
    expect(await tokens.call('token_get', { token: credential })).toMatchObject({
      token_limit: limit('other'),
    })
    const ask = { scope: { js_worker: 'demo_a' }, permission: { js_result: { read: 'demo_a' } } }
    expect(await tokens.call('token_explain', { token: credential, ...ask })).toMatchObject({
      allowed: false,
    })
  })

  test('token_edit names the path of a bad pattern, and refuses the super token', async () => {
    const { key } = await tokens.create(demo)
    const bad = asRoot('token_edit', { target_token: key, limit: limit('a**') })
    const path = 'limit[0].scopes[0].js_worker'
    await expect(bad).rejects.toMatchObject({ code: -32602, data: { path } })
    const root = asRoot('token_edit', { target_token: 'root', limit: [] })
    await expect(root).rejects.toMatchObject(fault(108, 'super_token', 'target_token'))
  })

  test('token_delete ends a token at once and says how it was found', async () => {
    const first = await tokens.create(demo, { username: 'gina', password: 'password' })
    await authenticate(first.credential)
    await authenticate('gina|password')
    const answer = { message: expect.any(String), rows_affected: 1 }
    expect(await asRoot('token_delete', { target_token: 'gina' })).toEqual({
      ...answer,
      matched_by: 'username',
    })
    await expect(authenticate(first.credential)).rejects.toMatchObject(denied)
    await expect(authenticate('gina|password')).rejects.toMatchObject(denied)
    const { key } = await tokens.create(demo)
    expect(await asRoot('token_delete', { target_token: key })).toEqual({
      ...answer,
      matched_by: 'token_key',
    })
    const again = asRoot('token_delete', { target_token: key })
    await expect(again).rejects.toMatchObject(fault(105, 'token_not_found'))
  })

  test('token_delete deletes a token once, however many ask', async () => {
    const { key } = await tokens.create(demo)
    const answers = await Promise.allSettled(
      [1, 2, 3].map(() => asRoot('token_delete', { target_token: key })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  })

  test('token_delete refuses the super token with 102', async () => {
    const deleting = asRoot('token_delete', { target_token: 'root' })
    await expect(deleting).rejects.toMatchObject(fault(102, 'super_token'))
    await authenticate(tokens.root)
  })

  test('token_list_all_tokens shows every token and no secret', async () => {
    const { key, secret } = await tokens.create(demo, { username: 'hugo', password: 'the password' })
    const answer = (await asRoot('token_list_all_tokens')) as { tokens: { token_key: string }[] }
    expect(answer.tokens[0]).toMatchObject({ username: 'root', token_limit: [] })
    const listed = answer.tokens.find(token => token.token_key === key)
    expect(listed).toEqual(await tokens.call('token_get', { supertoken: tokens.root, token: key }))
    expect(JSON.stringify(answer)).not.toContain(secret)
    expect(JSON.stringify(answer)).not.toMatch(/scrypt|digest|the password/)
  })

  test('token_roll_token_secret replaces the secret at once and keeps the rest', async () => {
    const { key, credential } = await tokens.create(demo)
    const before = await tokens.call('token_get', { token: credential })
    const rolled = (await asRoot('token_roll_token_secret', { target_token: key })) as { secret: string }
    expect(rolled).toEqual({ key, secret: expect.stringMatching(/^[A-Za-z0-9]{32}$/) })
    await expect(authenticate(credential)).rejects.toMatchObject(denied)
    expect(await tokens.call('token_get', { token: `${key}:${rolled.secret}` })).toEqual(before)
  })

  test('token_change_password replaces the password at once', async () => {
    await tokens.create(demo, { username: 'ida', password: 'password' })
    await authenticate('ida|password')
    const params = { target_token: 'ida', new_password: 'new password' }
    expect(await asRoot('token_change_password', params)).toEqual({
      success: true,
      message: 'Password changed successfully',
    })
    await expect(authenticate('ida|password')).rejects.toMatchObject(denied)
    await authenticate('ida|new password')
    const short = asRoot('token_change_password', { ...params, new_password: '1234567' })
    await expect(short).rejects.toMatchObject(fault(108, 'password_too_short', 'new_password'))
    const { key } = await tokens.create(demo)
    const nameless = asRoot('token_change_password', { ...params, target_token: key })
    await expect(nameless).rejects.toMatchObject(fault(108, 'no_username', 'target_token'))
  })

  describe('token_issue', () => {
    const issue = (token: string, rest: object = {}) =>
      tokens.call('token_issue', { token, ttl_ms: 60_000, ...rest })

    test('says when the JWT ends', async () => {
      const { credential } = await tokens.create(demo)
      expect(await issue(credential)).toEqual({
        jwt: expect.any(String),
        expires_at: tokens.clock() + 60_000,
      })
    })

    test.each([
      ['the same limits', demo],
      ['a narrower scope', limit('demo_a*')],
      ['a narrower permission', limit('demo_*', 'demo_a')],
      ['no limits', []],
    ])('grants %s', async (_what, token_limit) => {
      const { credential } = await tokens.create(demo)
      expect(await issue(credential, { token_limit })).toHaveProperty('jwt')
    })

    test.each<[string, TokenLimit]>([
      ['a wider scope', limit('demo*')],
      ['a global scope', [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]],
      [
        'another verb',
        [{ scopes: [{ js_worker: 'demo_a' }], permissions: [{ js_result: { delete: '*' } }] }],
      ],
      ['another scope beside', [...demo, ...limit('other')]],
    ])('refuses %s', async (_what, token_limit) => {
      const { credential } = await tokens.create(demo)
      await expect(issue(credential, { token_limit })).rejects.toMatchObject(denied)
    })

    test.each([0, 999, 86_400_001, 1000.5, -1, '1000', null])('refuses a ttl_ms of %j', async ttl_ms => {
      await expect(issue(tokens.root, { ttl_ms })).rejects.toMatchObject({
        code: -32602,
        data: { path: 'ttl_ms' },
      })
    })

    test('is not for a JWT, which could else be renewed for ever', async () => {
      const { jwt } = (await issue(tokens.root)) as { jwt: string }
      await expect(issue(jwt)).rejects.toMatchObject(fault(102, 'jwt_cannot_issue'))
    })

    test('refuses limits that no header could carry', async () => {
      const token_limit = Array.from({ length: 60 }, (_, i) => limit(`${'x'.repeat(120)}${i}`)).flat()
      await expect(issue(tokens.root, { token_limit })).rejects.toMatchObject(
        fault(108, 'token_limit_too_long', 'token_limit'),
      )
    })

    test('gives a JWT of the super token its powers only without limits', async () => {
      const { jwt } = (await issue(tokens.root)) as { jwt: string }
      expect(await tokens.call('token_list_all_tokens', { token: jwt })).toHaveProperty('tokens')
      const narrow = (await issue(tokens.root, { token_limit: demo })) as { jwt: string }
      await expect(tokens.call('token_list_all_tokens', { token: narrow.jwt })).rejects.toMatchObject(denied)
    })
  })

  test('token_explain names the limit that allows, and says why not', async () => {
    const { credential } = await tokens.create([...limit('a*'), ...limit('b*')])
    const ask = (scope: unknown) =>
      tokens.call('token_explain', {
        token: credential,
        scope,
        permission: { js_result: { read: 'b1' } },
      })
    expect(await ask({ js_worker: 'b1' })).toEqual({
      allowed: true,
      limit_index: 1,
      because: 'limit_covers_both',
    })
    expect(await ask('global')).toEqual({
      allowed: false,
      limit_index: null,
      because: 'no_limit_covers_scope',
    })
    await expect(ask({ js_worker: 'a*b' })).rejects.toMatchObject({
      code: -32602,
      data: { path: 'scope.js_worker' },
    })
  })

  test('token_explain tells the super token of another one, and nobody else', async () => {
    const { credential, key } = await tokens.create([...limit('a*'), ...limit('b*')])
    const ask = (token: string, target: string, name = 'b1') =>
      tokens.call('token_explain', {
        token,
        scope: { js_worker: name },
        permission: { js_result: { read: name } },
        target_token: target,
      })
    expect(await ask(tokens.root, key)).toMatchObject({ allowed: true, limit_index: 1 })
    expect(await ask(tokens.root, key, 'c')).toMatchObject({ allowed: false, limit_index: null })
    expect(await ask(tokens.root, 'root')).toMatchObject({ because: 'super_token' })
    await expect(ask(credential, key)).rejects.toMatchObject(denied)
    await expect(ask(tokens.root, 'nobody')).rejects.toMatchObject({
      code: 105,
      data: { path: 'target_token' },
    })
  })
})

describeEngines('the super token', open => {
  test('gets a new secret, which is kept for its owner', async () => {
    const tokens = await startTokens(await open())
    try {
      const rolling = tokens.call('token_roll_token_secret', { token: tokens.root, target_token: 'root' })
      const rolled = (await rolling) as { key: string; secret: string }
      expect(tokens.saved.at(-1)).toEqual(rolled)
      const { authenticate } = tokens.authenticator
      await expect(authenticate(tokens.root)).rejects.toMatchObject(denied)
      expect(await authenticate(`${rolled.key}:${rolled.secret}`)).toMatchObject({ isSuper: true })
    } finally {
      await tokens.authenticator.close()
    }
  })
})

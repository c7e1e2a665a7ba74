import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { secrets } from './support/app.ts'
import { openSocket } from './support/socket.ts'
import { describeApps, failure, jsLimit, rpc } from './support/wire.ts'

const password = 'pässwörd: with | and 秘密'
const limits = [jsLimit('demo_*', { read: '*' })]
const count = { query: { condition: [] } }
const denied = failure(102, 'permission_denied')

describeApps('credentials', wire => {
  let token: string
  let key: string

  beforeAll(async () => {
    token = await wire.token(limits, { username: 'alice', password })
    key = token.slice(0, 16)
    await wire.result('js-result_append', {
      rows: [{ js_worker_name: 'demo_a' }, { js_worker_name: 'other' }],
    })
  })

  const bearer = (credential: string) => ({
    authorization: `Bearer ${Buffer.from(credential).toString('latin1')}`,
  })

  test('key:secret, username|password and a JWT are the same token, in the parameter and in the header', async () => {
    const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, token)
    for (const credential of [token, `alice|${password}`, jwt]) {
      expect(await wire.result('js-result_count', count, credential)).toEqual({ count: 1 })
      const answer = await wire.ask(rpc('js-result_count', count), bearer(credential))
      expect(answer).toMatchObject({ result: { count: 1 } })
    }
  })

  test('the header of the upgrade counts for every message of a WebSocket', async () => {
    const socket = await openSocket(wire.app.url, '/', { headers: bearer(token) })
    onTestFinished(socket.close)
    expect(await socket.ask(rpc('js-result_count', count))).toMatchObject({ result: { count: 1 } })
    expect(await socket.ask([rpc('token_get', {}), rpc('token_list_all_tokens', {})])).toEqual([
      expect.objectContaining({ result: expect.objectContaining({ token_key: key }) }),
      denied,
    ])
    const conflict = await socket.ask(rpc('js-result_count', { token: secrets.root, ...count }))
    expect(conflict).toEqual(failure(108, 'credential_conflict', 'token'))
  })

  test('two credentials that differ are an error, two that are the same are not', async () => {
    const both = (inParams: string) =>
      wire.ask(rpc('js-result_count', { token: inParams, ...count }), bearer(token))
    expect(await both(token)).toMatchObject({ result: { count: 1 } })
    for (const other of [secrets.root, `alice|${password}`, 'nonsense']) {
      expect(await both(other)).toEqual(failure(108, 'credential_conflict', 'token'))
    }
  })

  test('a credential that is no text is an error of its parameter', async () => {
    for (const bad of [1, {}, [token], { key, secret: 'x' }]) {
      const answer = await wire.ask(rpc('js-result_count', { token: bad, ...count }))
      expect(answer).toEqual(failure(-32602, 'invalid_params', 'token'))
    }
  })

  test('by position null or an empty text stands where the header has it', async () => {
    for (const blank of [null, '']) {
      const given = rpc('js-result_count', [blank, count.query])
      expect(await wire.ask(given, bearer(token))).toMatchObject({ result: { count: 1 } })
      expect(await wire.ask(given)).toEqual(failure(102, 'credential_required'))
      expect(await wire.ask(rpc('token_get', { token, supertoken: blank }))).toHaveProperty('result')
    }
  })

  test.each([
    'alice|wrong password',
    'alice|',
    `Alice|${password}`,
    'alice*|password',
    `nobody|${password}`,
    'root|',
    'root|password',
    `root|${secrets.root.slice(17)}`,
  ])('%j is refused', async credential => {
    const refusal = credential.endsWith('|') ? failure(101, 'malformed_credential') : denied
    expect(await wire.call('js-result_count', count, credential)).toEqual(refusal)
  })

  test('token_create takes father_token for the credential', async () => {
    const token_creation = { token_limit: [] }
    const made = await wire.ask(rpc('token_create', { father_token: secrets.root, token_creation }))
    expect(made).toMatchObject({ result: { key: expect.any(String), secret: expect.any(String) } })
    expect(await wire.ask(rpc('token_create', { father_token: token, token_creation }))).toEqual(denied)
    const positional = rpc('token_create', [secrets.root, token_creation])
    expect(await wire.ask(positional)).toHaveProperty('result')
    const conflict = await wire.ask(
      rpc('token_create', { father_token: secrets.root, token_creation }),
      bearer(token),
    )
    expect(conflict).toEqual(failure(108, 'credential_conflict', 'father_token'))
  })

  test('token_get shows oneself, and with supertoken a target by key or username', async () => {
    const alice = {
      version: 1,
      token_key: key,
      timestamp_from: null,
      timestamp_to: null,
      token_limit: limits,
      username: 'alice',
    }
    expect(await wire.result('token_get', {}, token)).toEqual(alice)
    expect(await wire.ask(rpc('token_get', {}), bearer(token))).toMatchObject({ result: alice })
    const asRoot = (target: string) => wire.ask(rpc('token_get', { supertoken: secrets.root, token: target }))
    expect(await asRoot(key)).toMatchObject({ result: alice })
    expect(await asRoot('alice')).toMatchObject({ result: alice })
    for (const target of ['ALICE', 'alice*', '%', key.toLowerCase(), token]) {
      expect(await asRoot(target)).toEqual(failure(105, 'token_not_found', 'token'))
    }
    expect(await asRoot('')).toEqual(failure(108, 'empty_target', 'token'))
    expect(await wire.ask(rpc('token_get', { supertoken: token, token: 'root' }))).toEqual(denied)
  })

  test('token_explain says which limit allows, or why none does', async () => {
    const explain = (scope: unknown, verb: string) =>
      wire.result('token_explain', { scope, permission: { js_result: { [verb]: 'demo_a' } } }, token)
    expect(await explain({ js_worker: 'demo_a' }, 'read')).toEqual({
      allowed: true,
      limit_index: 0,
      because: 'limit_covers_both',
    })
    const no = { allowed: false, limit_index: null }
    expect(await explain('global', 'read')).toEqual({ ...no, because: 'no_limit_covers_scope' })
    expect(await explain({ js_worker: 'demo_a' }, 'delete')).toEqual({
      ...no,
      because: 'no_limit_covers_permission',
    })
  })

  test('a token that is not valid yet, or no more, is refused by name, and never an empty success', async () => {
    const past = await wire.token(limits, { timestamp_from: 1, timestamp_to: 2 })
    const future = await wire.token(limits, { timestamp_from: Date.now() + 3_600_000 })
    for (const method of ['js-result_query', 'js-result_count', 'token_get']) {
      expect(await wire.call(method, count, past)).toEqual(failure(102, 'credential_expired'))
      expect(await wire.call(method, count, future)).toEqual(failure(102, 'credential_not_yet_valid'))
    }
  })

  describe('that change count at once', () => {
    test('an edited token has its new limits, and no more the old ones', async () => {
      const edited = await wire.token(limits)
      expect(await wire.result('js-result_count', count, edited)).toEqual({ count: 1 })
      const change = { target_token: edited.slice(0, 16), limit: [jsLimit('*', { read: '*' })] }
      expect(await wire.result('token_edit', change)).toMatchObject({ success: true })
      expect(await wire.result('js-result_count', count, edited)).toEqual({ count: 2 })
      await wire.result('token_edit', { ...change, limit: [] })
      expect(await wire.call('js-result_count', count, edited)).toEqual(denied)
    })

    test('a rolled secret and a changed password replace the old ones', async () => {
      const made = await wire.token(limits, { username: 'bob', password })
      const rolled = await wire.result<{ key: string; secret: string }>('token_roll_token_secret', {
        target_token: 'bob',
      })
      expect(await wire.call('token_get', {}, made)).toEqual(denied)
      const now = `${rolled.key}:${rolled.secret}`
      expect(await wire.result('token_get', {}, now)).toMatchObject({ username: 'bob' })
      expect(await wire.result('token_get', {}, `bob|${password}`)).toMatchObject({ token_key: rolled.key })
      await wire.result('token_change_password', { target_token: 'bob', new_password: 'another password' })
      expect(await wire.call('token_get', {}, `bob|${password}`)).toEqual(denied)
      expect(await wire.result('token_get', {}, 'bob|another password')).toMatchObject({ username: 'bob' })
      const deleting = await wire.result('token_delete', { target_token: 'bob' })
      expect(deleting).toMatchObject({ rows_affected: 1, matched_by: 'username' })
      expect(await wire.call('token_get', {}, now)).toEqual(denied)
      expect(await wire.call('token_get', {}, 'bob|another password')).toEqual(denied)
    })
  })
})

import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { currentBehalf, onBehalfOf } from '../../src/fairness/behalf.ts'
import { permits } from '../../src/permission/grant.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { findTokenByKey, insertToken, type NewToken } from '../../src/token/store.ts'
import { describeEngines } from '../support/databases.ts'

import { fault, startTokens, type TestTokens } from './tokens.ts'

const demo: TokenLimit = [{ scopes: [{ js_worker: 'demo_*' }], permissions: [{ js_result: { read: '*' } }] }]
const readResult = { scope: 'js_worker', permission: 'js_result', verb: 'read' }
const denied = fault(102, 'permission_denied')

/** What makes the token of this key once more. */
async function newTokenOf(database: Database, key: string): Promise<NewToken> {
  const stored = await findTokenByKey(database, key)
  if (stored === undefined) throw new Error('the token is not there')
  const { id: _, secret_generation: _generation, version: _version, ...rest } = stored
  return rest
}

describeEngines('authentication', open => {
  let database: Database
  let tokens: TestTokens
  const authenticate = (credential: string | undefined) => tokens.authenticator.authenticate(credential)

  beforeAll(async () => {
    database = await open()
    tokens = await startTokens(database)
  })
  afterAll(() => tokens.authenticator.close())

  /** Another server on the same database, which compares the version every `pollMs`. */
  async function startOther(on: Database, pollMs: number): Promise<TestTokens> {
    const other = await startTokens(on, { root: tokens.root, pollMs })
    onTestFinished(other.authenticator.close)
    return other
  }

  /** The database as a server sees it whose notifications are lost. */
  function deaf(): Database {
    return Object.create(database, { listen: { value: async () => async () => undefined } })
  }

  test('knows a token by its secret, with its limits', async () => {
    const { key, credential } = await tokens.create(demo)
    const identity = await authenticate(credential)
    expect(identity).toMatchObject({ tokenKey: key, isSuper: false })
    expect(permits(identity, readResult, 'demo_a')).toBe(true)
    expect(permits(identity, readResult, 'other')).toBe(false)
  })

  test('knows the super token', async () => {
    expect(await authenticate(tokens.root)).toMatchObject({ isSuper: true })
  })

  test('asks for a credential where there is none', async () => {
    await expect(authenticate(undefined)).rejects.toMatchObject(fault(102, 'credential_required'))
  })

  test('refuses what is no credential as malformed', async () => {
    await expect(authenticate('demo_token')).rejects.toMatchObject(fault(101, 'malformed_credential'))
  })

  test('refuses an unknown key, a wrong secret and an unknown user alike', async () => {
    const { key, secret } = await tokens.create()
    for (const wrong of [
      `x:${secret}`,
      `${key}:${secret.startsWith('x') ? 'y' : 'x'}${secret.slice(1)}`,
      `${key}:${secret}x`,
      'nobody|password',
    ]) {
      await expect(authenticate(wrong)).rejects.toMatchObject(denied)
    }
  })

  test('takes username|password, whatever the password holds', async () => {
    const { key } = await tokens.create(demo, { username: 'anna', password: 'a:b|c:d|e' })
    expect(await authenticate('anna|a:b|c:d|e')).toMatchObject({ tokenKey: key })
    await expect(authenticate('anna|a:b|c:d|E')).rejects.toMatchObject(denied)
    await expect(authenticate('anna:a:b|c:d|e')).rejects.toMatchObject(denied)
    await expect(authenticate(`${key}|a:b|c:d|e`)).rejects.toMatchObject(denied)
  })

  test('checks a password once, however often tokens change, and again once it has changed', async () => {
    const { key } = await tokens.create(demo, { username: 'berta', password: 'first password' })
    const ask = (password: string) => authenticate(`berta|${password}`)
    const before = tokens.verified()
    for (let change = 0; change < 3; change++) {
      expect(await ask('first password')).toMatchObject({ tokenKey: key })
      await tokens.create(demo)
    }
    expect(tokens.verified()).toBe(before + 1)
    const changing = { token: tokens.root, target_token: key, new_password: 'second password' }
    await tokens.call('token_change_password', changing)
    await expect(ask('first password')).rejects.toMatchObject(denied)
    expect(await ask('second password')).toMatchObject({ tokenKey: key })
    await tokens.call('token_delete', { token: tokens.root, target_token: key })
    await tokens.create(demo, { username: 'berta', password: 'third password' })
    await expect(ask('second password')).rejects.toMatchObject(denied)
  })

  test('checks a wrong password once, and again once the user has another', async () => {
    const { key } = await tokens.create(demo, { username: 'clara', password: 'first password' })
    const before = tokens.verified()
    for (let i = 0; i < 10; i++) {
      for (const wrong of ['clara|second password', 'no_clara|second password']) {
        await expect(authenticate(wrong)).rejects.toMatchObject(denied)
      }
    }
    expect(tokens.verified()).toBe(before + 2)
    expect(await authenticate('clara|first password')).toMatchObject({ tokenKey: key })
    const changing = { token: tokens.root, target_token: key, new_password: 'second password' }
    await tokens.call('token_change_password', changing)
    expect(await authenticate('clara|second password')).toMatchObject({ tokenKey: key })
    await expect(authenticate('clara|first password')).rejects.toMatchObject(denied)
  })

  /** A server that hears nothing of the others, and how often it has asked the database. */
  async function startCounted(): Promise<TestTokens & { readonly asked: () => number }> {
    let asked = 0
    const counted: Database = Object.create(database, {
      listen: { value: async () => async () => undefined },
      everySecond: { value: () => () => undefined },
      run: {
        value: (...query: Parameters<Database['run']>) => {
          asked++
          return database.run(...query)
        },
      },
    })
    return { ...(await startOther(counted, 60_000)), asked: () => asked }
  }

  test('looks a wrong secret up once for each who tries it, and again once a token has changed', async () => {
    const { key } = await tokens.create(demo)
    const { authenticator, asked } = await startCounted()
    const ask = (whom: string) =>
      expect(onBehalfOf(whom, () => authenticator.authenticate(`${key}:wrong`))).rejects.toMatchObject(denied)
    const before = asked()
    for (let i = 0; i < 10; i++) await ask('stranger a')
    expect(asked()).toBe(before + 1)
    // Otherwise a quick refusal would tell that somebody else has tried the same.
    for (let i = 0; i < 10; i++) await ask('stranger b')
    expect(asked()).toBe(before + 2)
    authenticator.forget()
    await ask('stranger a')
    expect(asked()).toBe(before + 3)
  })

  test('takes a secret that was refused as soon as its token is there, on another server too', async () => {
    const patient = { timeout: 10_000, interval: 10 }
    const { key, credential } = await tokens.create(demo)
    const other = await startOther(database, 60_000)
    const stored = await newTokenOf(database, key)
    await tokens.call('token_delete', { token: tokens.root, target_token: key })
    await vi.waitFor(() => expect(other.authenticator.authenticate(credential)).rejects.toMatchObject(denied))
    await expect(authenticate(credential)).rejects.toMatchObject(denied)
    await insertToken(database, stored)
    await vi.waitFor(async () => {
      expect(await other.authenticator.authenticate(credential)).toMatchObject({ tokenKey: key })
      expect(await authenticate(credential)).toMatchObject({ tokenKey: key })
    }, patient)
  })

  test('keeps no refusal that was under way while a token changed', async () => {
    const { key, credential } = await tokens.create(demo)
    const stored = await newTokenOf(database, key)
    await tokens.call('token_delete', { token: tokens.root, target_token: key })
    const refusal = authenticate(credential).catch(error => error)
    tokens.authenticator.forget()
    expect(await refusal).toMatchObject(denied)
    await insertToken(database, stored)
    expect(await authenticate(credential)).toMatchObject({ tokenKey: key })
  })

  test('a wrong password is remembered for the one who tried it alone', async () => {
    await tokens.create(demo, { username: 'emil', password: 'right password' })
    const before = tokens.verified()
    const ask = (whom: string) =>
      expect(onBehalfOf(whom, () => authenticate('emil|wrong password'))).rejects.toMatchObject(denied)
    for (const whom of ['stranger a', 'stranger a', 'stranger b', 'stranger b']) await ask(whom)
    expect(tokens.verified()).toBe(before + 2)
  })

  test('takes a password that was right while wrong ones are delayed, whatever other tokens change', async () => {
    const { key } = await tokens.create(demo, { username: 'dora', password: 'right password' })
    const ask = () => authenticate('dora|right password')
    await ask()
    const guesses = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => authenticate(`dora|wrong ${i}`)),
    )
    expect(guesses.every(({ status }) => status === 'rejected')).toBe(true)
    for (let i = 0; i < 4; i++) await authenticate(`dora|wrong again ${i}`).catch(() => undefined)
    await expect(authenticate('dora|wrong at last')).rejects.toMatchObject({
      code: 110,
      data: { reason: 'login_delayed', retryable: true },
    })
    const before = tokens.verified()
    await tokens.create(demo)
    expect(await ask()).toMatchObject({ tokenKey: key })
    expect(tokens.verified()).toBe(before)
  })

  test('tells of each refused credential its kind and the reason', async () => {
    const { key } = await tokens.create(demo)
    const before = tokens.refused.length
    for (const wrong of [`${key}:wrong`, 'nobody_at_all|wrong', 'a.b.c', 'wrong']) {
      await authenticate(wrong).catch(() => undefined)
    }
    expect(tokens.refused.slice(before)).toEqual([
      'secret permission_denied',
      'password permission_denied',
      'jwt malformed_credential',
      'malformed malformed_credential',
    ])
  })

  test('has no password for the super token until it gets one', async () => {
    await expect(authenticate('root|')).rejects.toMatchObject(fault(101, 'malformed_credential'))
    await expect(authenticate('root|password')).rejects.toMatchObject(denied)
    await tokens.call('token_change_password', {
      token: tokens.root,
      target_token: 'root',
      new_password: 'root password',
    })
    expect(await authenticate('root|root password')).toMatchObject({ isSuper: true })
  })

  test('looks at the period on each use, also of a credential that it remembers', async () => {
    const now = tokens.clock()
    const { credential } = await tokens.create(demo, { timestamp_from: now + 1000, timestamp_to: now + 3000 })
    const { authenticator, clock, lookups } = await startOther(deaf(), 60_000)
    clock.advance(now - clock())
    const ask = () => authenticator.authenticate(credential)
    await expect(ask()).rejects.toMatchObject(fault(102, 'credential_not_yet_valid'))
    clock.advance(1000)
    await ask()
    clock.advance(2000)
    await ask()
    clock.advance(1)
    await expect(ask()).rejects.toMatchObject(fault(102, 'credential_expired'))
    expect(lookups).toEqual([false, true, true, true])
  })

  test('reads a token once while nothing changes', async () => {
    const { credential } = await tokens.create(demo)
    const { authenticator, lookups } = await startOther(deaf(), 60_000)
    const ask = () => authenticator.authenticate(credential)
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, ask))
    expect(others.every(identity => identity === first)).toBe(true)
    expect(await ask()).toBe(first)
    expect(lookups.at(-1)).toBe(true)
  })

  test('takes no old secret once a roll was answered, however many ask meanwhile', async () => {
    const { key, credential } = await tokens.create(demo)
    let current = credential
    for (let round = 0; round < 20; round++) {
      const rolling = tokens.call('token_roll_token_secret', { token: tokens.root, target_token: key })
      const asking = Array.from({ length: 8 }, () => authenticate(current).catch(() => undefined))
      const { secret } = (await rolling) as { secret: string }
      await expect(authenticate(current)).rejects.toMatchObject(denied)
      await Promise.all(asking)
      await expect(authenticate(current)).rejects.toMatchObject(denied)
      current = `${key}:${secret}`
      await authenticate(current)
    }
  })

  test.each([
    ['by notification', () => startOther(database, 60_000)],
    ['by comparing the version, when notifications are lost', () => startOther(deaf(), 20)],
  ])('on another server notices a deleted token %s', async (_how, start) => {
    const other = await start()
    const { key, credential } = await tokens.create(demo)
    await other.authenticator.authenticate(credential)
    await tokens.call('token_delete', { token: tokens.root, target_token: key })
    await vi.waitFor(
      () => expect(other.authenticator.authenticate(credential)).rejects.toMatchObject(denied),
      { timeout: 10_000, interval: 10 },
    )
  })

  test('compares the version before it trusts its memory after a long silence', async () => {
    const { key, credential } = await tokens.create(demo)
    const { authenticator, clock } = await startOther(deaf(), 60_000)
    await authenticator.authenticate(credential)
    await tokens.call('token_delete', { token: tokens.root, target_token: key })
    await authenticator.authenticate(credential)
    clock.advance(120_001)
    await expect(authenticator.authenticate(credential)).rejects.toMatchObject(denied)
  })

  const issue = async (token: string, rest: object = {}) => {
    const issued = await tokens.call('token_issue', { token, ttl_ms: 60_000, ...rest })
    return (issued as { jwt: string }).jwt
  }

  test('does what all others wait for on behalf of nobody, whoever is the first to ask for it', async () => {
    const asked: (string | undefined)[] = []
    const watched: Database = Object.create(deaf(), {
      kysely: {
        get() {
          asked.push(currentBehalf())
          return database.kysely
        },
      },
    })
    const other = await startOther(watched, 60_000)
    onTestFinished(other.authenticator.onChange(() => void asked.push(currentBehalf())))
    other.clock.advance(120_001)
    asked.length = 0
    await onBehalfOf('stranger', () => other.authenticator.recall([]).catch(() => undefined))
    onBehalfOf('changer', other.authenticator.forget)
    expect(asked.length).toBeGreaterThan(1)
    expect(new Set(asked)).toEqual(new Set([undefined]))
  })

  test('takes a JWT for the token that issued it, until it ends', async () => {
    const { key, credential } = await tokens.create(demo)
    const jwt = await issue(credential)
    const identity = await authenticate(jwt)
    expect(identity).toMatchObject({ tokenKey: key, isSuper: false })
    expect(permits(identity, readResult, 'demo_a')).toBe(true)
    tokens.clock.advance(59_999)
    await authenticate(jwt)
    tokens.clock.advance(1)
    await expect(authenticate(jwt)).rejects.toMatchObject(fault(102, 'credential_expired'))
  })

  test('takes a JWT no longer than its issuer', async () => {
    const { credential } = await tokens.create(demo, { timestamp_to: tokens.clock() + 1000 })
    const jwt = await issue(credential)
    await authenticate(jwt)
    tokens.clock.advance(1001)
    await expect(authenticate(jwt)).rejects.toMatchObject(fault(102, 'credential_expired'))
  })

  test.each([
    ['is deleted', 'token_delete', {}],
    ['gets a new secret', 'token_roll_token_secret', {}],
    ['gets a new password', 'token_change_password', { new_password: 'another one' }],
  ])('refuses the JWTs of a token that %s', async (what, method, params) => {
    const username = what.replaceAll(' ', '_')
    const { key, credential } = await tokens.create(demo, { username, password: 'password' })
    const jwt = await issue(credential)
    await authenticate(jwt)
    await tokens.call(method, { token: tokens.root, target_token: key, ...params })
    await expect(authenticate(jwt)).rejects.toMatchObject(denied)
  })

  test('gives a JWT the limits of its issuer as they are now', async () => {
    const { key, credential } = await tokens.create(demo)
    const jwt = await issue(credential, { token_limit: demo })
    expect(permits(await authenticate(jwt), readResult, 'demo_a')).toBe(true)
    await tokens.call('token_edit', { token: tokens.root, target_token: key, limit: [] })
    expect(permits(await authenticate(jwt), readResult, 'demo_a')).toBe(false)
  })

  test('takes a JWT of the super token as the super token, unless it has limits of its own', async () => {
    expect(await authenticate(await issue(tokens.root))).toMatchObject({ isSuper: true })
    const limited = await authenticate(await issue(tokens.root, { token_limit: demo }))
    expect(limited.isSuper).toBe(false)
    expect(permits(limited, readResult, 'demo_a')).toBe(true)
    expect(permits(limited, readResult, 'other')).toBe(false)
    const powerless = await authenticate(await issue(tokens.root, { token_limit: [] }))
    expect(permits(powerless, readResult, 'demo_a')).toBe(false)
  })
})

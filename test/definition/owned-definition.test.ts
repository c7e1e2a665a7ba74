import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { plainDefinitions } from '../../src/definitions.ts'
import { type Ran, runDaybook } from '../cli/daybook.ts'
import { engines } from '../support/databases.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { note } from './note.ts'

const prepare = `create table note (
  id bigint generated always as identity primary key,
  owner text not null,
  name text not null,
  size int not null,
  created_time timestamptz not null,
  updated_time timestamptz not null,
  unique (owner, name))`

interface Note {
  readonly name: string
  readonly owner: string
  readonly size: number
}

describe.each(engines)('a definition that each token has for itself (%s)', engine => {
  let app: TestApp
  /** Credentials. */
  let ann: string
  let bob: string
  beforeAll(async () => {
    plainDefinitions.push(note)
    app = await startTestApp(engine, { prepare })
    ann = await newToken()
    bob = await newToken()
  })
  afterAll(async () => {
    plainDefinitions.splice(plainDefinitions.indexOf(note), 1)
    await app.close()
  })
  beforeEach(async () => {
    for (const { name, owner } of await list(secrets.root)) await call('note_delete', { name, owner })
    await call('note_create', { name: 'mine', size: 1 }, ann)
  })

  const clientOf = (token: string) => createClient({ url: app.url, token })
  const call = (method: string, params: object, token: string = secrets.root) =>
    clientOf(token).call(method, params)
  const list = async (token: string) =>
    ((await call('note_list', {}, token)) as { readonly notes: readonly Note[] }).notes
  const keyOf = (token: string) => token.split(':')[0]
  async function newToken(): Promise<string> {
    const { key, secret } = await clientOf(secrets.root).tokens.create({ token_limit: [] })
    return `${key}:${secret}`
  }

  test('keeps names apart: what another has does not show, not even as a conflict', async () => {
    expect(await call('note_create', { name: 'mine', size: 2 }, bob)).toMatchObject({ owner: keyOf(bob) })
    expect(await list(ann)).toMatchObject([{ name: 'mine', size: 1, owner: keyOf(ann) }])
    expect(await list(bob)).toMatchObject([{ name: 'mine', size: 2, owner: keyOf(bob) }])
    await expect(call('note_create', { name: 'mine' }, ann)).rejects.toMatchObject({ reason: 'name_in_use' })
  })

  test.each(['note_read', 'note_update', 'note_delete'])('%s reaches nothing of another', async method => {
    const change = method === 'note_update' ? { size: 9 } : {}
    const named = { name: 'mine', ...change }
    await expect(call(method, named, bob)).rejects.toMatchObject({ reason: 'record_not_found' })
    const refused = { reason: 'permission_denied' }
    await expect(call(method, { ...named, owner: keyOf(ann) }, bob)).rejects.toMatchObject(refused)
    await expect(call(method, { ...named, owner: 'nobody' }, bob)).rejects.toMatchObject(refused)
    expect(await list(ann)).toMatchObject([{ name: 'mine', size: 1 }])
  })

  test('is for a JWT that may do less none of its token', async () => {
    const limit = [{ scopes: ['global' as const], permissions: [{ js_result: { read: 'a' } }] }]
    const { key, secret } = await clientOf(secrets.root).tokens.create({ token_limit: limit })
    const token = `${key}:${secret}`
    await call('note_create', { name: 'whole' }, token)
    const narrowed = { ttl_ms: 60_000, token_limit: [] }
    const { jwt } = (await call('token_issue', narrowed, token)) as { readonly jwt: string }
    expect(await list(jwt)).toEqual([])
    await expect(call('note_delete', { name: 'whole', owner: key }, jwt)).rejects.toMatchObject({
      reason: 'permission_denied',
    })
    const { jwt: same } = (await call('token_issue', { ttl_ms: 60_000 }, token)) as { readonly jwt: string }
    expect(await list(same)).toMatchObject([{ name: 'whole' }])
  })

  test('is in the hands of the super token, which says whose it means', async () => {
    const owner = keyOf(ann)
    expect(await list(secrets.root)).toMatchObject([{ name: 'mine', owner }])
    await expect(call('note_read', { name: 'mine' })).rejects.toMatchObject({ reason: 'record_not_found' })
    expect(await call('note_update', { name: 'mine', owner, size: 5 })).toMatchObject({ owner, size: 5 })
    expect(await call('note_delete', { name: 'mine', owner })).toEqual({ success: true })
    expect(await list(ann)).toEqual([])
  })

  test('has an option that names the owner', async () => {
    const daybook = (...args: readonly string[]): Promise<Ran> =>
      runDaybook(args, { env: { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root } })
    const owner = ['--owner', String(keyOf(ann))]
    expect(await daybook('notes', 'show', 'mine')).toMatchObject({ code: 1 })
    const shown = await daybook('notes', 'show', 'mine', ...owner)
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'mine', size: 1 })
    const changed = await daybook('notes', 'update', 'mine', '--size', '8', ...owner)
    expect(JSON.parse(changed.stdout)).toMatchObject({ size: 8 })
    expect(await daybook('notes', 'update', 'mine', ...owner)).toMatchObject({ code: 2 })
    expect(await daybook('notes', 'remove', 'mine', '--yes', ...owner)).toMatchObject({ code: 0 })
    expect(await list(ann)).toEqual([])
  })
})

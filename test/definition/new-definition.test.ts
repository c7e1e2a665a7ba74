import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, DaybookError } from '../../src/client/client.ts'
import { plainDefinitions } from '../../src/definitions.ts'
import { type Ran, runDaybook } from '../cli/daybook.ts'
import { engines } from '../support/databases.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { thing } from './thing.ts'

const prepare = `create table thing (
  id bigint generated always as identity primary key,
  name text not null unique,
  size int not null,
  tags jsonb,
  secret text,
  created_time timestamptz not null,
  updated_time timestamptz not null)`

describe.each(engines)('a definition that was only declared (%s)', engine => {
  let app: TestApp
  beforeAll(async () => {
    // What its line in src/definitions.ts does; all else that it needs are its declaration and its table.
    plainDefinitions.push(thing)
    app = await startTestApp(engine, { prepare })
  })
  afterAll(async () => {
    plainDefinitions.pop()
    await app.close()
  })

  const clientOf = (token: string) => createClient({ url: app.url, token })
  const call = (method: string, params: object, token: string = secrets.root) =>
    clientOf(token).call(method, params)
  const daybook = (...args: readonly string[]): Promise<Ran> =>
    runDaybook(args, { env: { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root } })

  test('has methods that create, show, change, list and delete it', async () => {
    const created = await call('thing_create', { name: 'b', tags: ['x'], secret: 'hush' })
    const shown = { id: expect.any(Number), name: 'b', size: 3, tags: ['x'], secret: '***' }
    const times = { created_time: expect.any(Number), updated_time: expect.any(Number) }
    expect(created).toEqual({ ...shown, ...times })
    await call('thing_create', { name: 'a', size: 1, tags: null })
    expect(await call('thing_update', { name: 'b', size: 4 })).toEqual({ ...shown, ...times, size: 4 })
    expect(await call('thing_read', { name: 'b' })).toMatchObject({ size: 4, tags: ['x'] })
    const list = { things: [{ name: 'a', tags: null, secret: null }, { name: 'b' }] }
    expect(await call('thing_list', {})).toMatchObject(list)
    expect(await call('thing_delete', { name: 'a' })).toEqual({ success: true })
    expect(await call('thing_list', {})).toMatchObject({ things: [{ name: 'b' }] })
  })

  test.each([
    ['a member that it does not have', 'thing_create', { name: 'n', colour: 'red' }, 'unknown_member'],
    ['a member of the wrong type', 'thing_create', { name: 'n', size: 'x' }, 'invalid_params'],
    ['a name that is in use', 'thing_create', { name: 'b' }, 'name_in_use'],
    ['a change of what stays as it is', 'thing_update', { name: 'b', secret: 'other' }, 'unknown_member'],
    ['a name that is not there', 'thing_update', { name: 'absent', size: 1 }, 'record_not_found'],
  ])('refuses %s', async (_what, method, params, reason) => {
    await expect(call(method, params)).rejects.toMatchObject({ reason })
  })

  test('is seen and changed only by tokens that may', async () => {
    const limit = (scope: string, verb: string) => ({
      scopes: [{ event: scope }],
      permissions: [{ event_handler: { [verb]: '*' } }],
    })
    const { key, secret } = await clientOf(secrets.root).tokens.create({
      token_limit: [limit('shop.*', 'write'), limit('shop.*', 'read')],
    })
    const may = (method: string, params: object) => call(method, params, `${key}:${secret}`)
    await may('thing_create', { name: 'shop.cart' })
    expect(await may('thing_list', {})).toMatchObject({ things: [{ name: 'shop.cart' }] })
    for (const [method, params] of [
      ['thing_create', { name: 'other' }],
      ['thing_read', { name: 'b' }],
      ['thing_update', { name: 'absent', size: 1 }],
      ['thing_delete', { name: 'shop.cart' }],
    ] as const) {
      await expect(may(method, params)).rejects.toThrow(DaybookError)
      await expect(may(method, params)).rejects.toMatchObject({ reason: 'permission_denied' })
    }
    await call('thing_delete', { name: 'shop.cart' })
  })

  test('stands in the OpenRPC document', async () => {
    const document = (await call('rpc.discover', {})) as {
      readonly methods: readonly {
        readonly name: string
        readonly params: readonly { readonly name: string }[]
      }[]
    }
    const paramsOf = (name: string) =>
      document.methods.find(method => method.name === name)?.params.map(param => param.name)
    expect(paramsOf('thing_create')).toEqual(['token', 'name', 'size', 'tags', 'secret'])
    expect(paramsOf('thing_update')).toEqual(['token', 'name', 'size', 'tags'])
    expect(paramsOf('thing_list')).toEqual(['token'])
  })

  test('has subcommands with its flags', async () => {
    const add = await daybook('things', 'add', 'cli', '--size', '7', '--tags', '["a"]')
    expect(JSON.parse(add.stdout)).toMatchObject({ name: 'cli', size: 7, tags: ['a'] })
    const update = await daybook('things', 'update', 'cli', '--no-tags')
    expect(JSON.parse(update.stdout)).toMatchObject({ name: 'cli', size: 7, tags: null })
    const list = await daybook('things', 'list', '--output', 'csv')
    expect(list.stdout.split('\r\n')[0]).toContain('size')
    const show = await daybook('things', 'show', 'cli')
    expect(JSON.parse(show.stdout)).toMatchObject({ name: 'cli' })
    expect(await daybook('things', 'remove', 'cli', '--yes')).toMatchObject({ code: 0 })
    expect(await daybook('things', 'show', 'cli')).toMatchObject({ code: 1 })
    expect(await daybook('things', 'update', 'cli')).toMatchObject({ code: 2 })
    expect((await daybook('things', 'add', '--help')).stdout).toMatch(/--size <n>\s+how large it is/)
  })
})

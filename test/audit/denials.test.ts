import { afterAll, beforeAll, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { createWire, rpc } from '../wire/support/wire.ts'

type Row = Readonly<Record<string, unknown>>

let app: TestApp
const wire = createWire(() => app)
const query = { condition: [] }
const root = secrets.root.slice(0, 16)

beforeAll(async () => {
  app = await startTestApp('postgres')
})
afterAll(() => app.close())

const trail = (token: string = secrets.root, ...condition: readonly unknown[]) =>
  wire.result<readonly Row[]>('audit-log_query', { query: { condition } }, token)

const soon = { timeout: 5000 }

test('a call that a token may not make is told, of whatever it asked for', async () => {
  const token = await wire.token()
  const key = token.slice(0, 16)
  await wire.call('js-result_query', { query }, token)
  await wire.call('sink_delete', { name: 'x' }, token)
  const headers = { authorization: `Bearer ${token}` }
  expect((await fetch(`${app.url}/export/js-result`, { headers })).status).toBe(403)
  expect((await fetch(`${app.url}/stream?resource=js-result`, { headers })).status).toBe(403)
  await expect.poll(() => trail(secrets.root, { token_key: key }), soon).toHaveLength(4)
  const rows = await trail(secrets.root, { token_key: key })
  const said = {
    outcome: 'denied',
    reason: 'permission_denied',
    address: '127.0.0.1',
    repeated: 1,
    condition: null,
  }
  for (const method of ['js-result_query', 'sink_delete', '/export/:resource', '/stream']) {
    expect(rows).toContainEqual(expect.objectContaining({ ...said, method }))
  }
})

test('a credential that does not hold is told, with the token only where there is one', async () => {
  const made = await wire.result<{ key: string; secret: string }>('token_create', {
    token_creation: { username: 'somebody', password: 'long enough', token_limit: [] },
  })
  const wrong = {
    secret: `${made.key}:${made.secret.slice(0, -1)}?`,
    password: 'somebody|something',
    key: `nobody0123456789:${made.secret}`,
    username: 'no such user|something',
    malformed: 'what',
    none: undefined,
  }
  for (const token of Object.values(wrong)) await wire.ask(rpc('js-result_count', { token, query }))
  // Repeated refusals are answered from memory, and told all the same.
  for (let i = 0; i < 3; i++) await wire.ask(rpc('js-result_page', { token: wrong.secret, query }))
  const ofToken = () => trail(secrets.root, { token_key: made.key }, { outcome: 'denied' })
  await expect
    .poll(async () => (await ofToken()).reduce((sum, row) => sum + Number(row.repeated), 0), soon)
    .toBe(5)
  for (const row of await ofToken())
    expect(row).toMatchObject({ reason: 'credential_refused', token_name: 'somebody' })
  const strangers = await trail(secrets.root, { token_key: 'stranger' }, { method: 'js-result_count' })
  expect(strangers.map(row => [row.reason, row.token_name, row.repeated]).sort()).toEqual([
    ['credential_refused', null, 2],
    ['credential_required', null, 1],
    ['malformed_credential', null, 1],
  ])
  expect(JSON.stringify(await trail())).not.toMatch(/nobody0123456789|no such user/)
})

test('an expired token is told by its key', async () => {
  const token = await wire.token([], { timestamp_to: 1 })
  await wire.ask(rpc('js-result_count', { token, query }))
  const rows = () => trail(secrets.root, { token_key: token.slice(0, 16) }, 'is_denied')
  await expect.poll(rows, soon).toMatchObject([{ reason: 'credential_expired' }])
})

test('an action that fails is told with its reason, and what merely reads is not', async () => {
  await wire.call('sink_delete', { name: 'no such sink' })
  await wire.call('js-result_delete', { query: { condition: [] } })
  await wire.call('event-log_chain', { request_id: 'nobody' })
  await wire.call('sink_create', { name: 1 })
  const failed = () => trail(secrets.root, { outcome: 'failed' }, { token_key: root })
  await expect.poll(failed, soon).toHaveLength(2)
  expect((await failed()).map(({ method, reason }) => [method, reason]).sort()).toEqual([
    ['js-result_delete', 'all_required'],
    ['sink_delete', 'sink_not_found'],
  ])
})

test('a flood of wrong credentials is two entries, and everybody else is served', async () => {
  const calls = Array.from({ length: 100 }, (_, i) =>
    rpc('event-log_query', { token: `flooder${String(i).padStart(9, '0')}:secret`, query }, i),
  )
  for (let round = 0; round < 20; round++) await wire.ask(calls)
  const rows = () => trail(secrets.root, { method: 'event-log_query' }, { token_key: 'stranger' })
  await expect.poll(rows, soon).not.toHaveLength(0)
  expect((await rows()).length).toBeLessThanOrEqual(2)
  expect(await wire.result('event-log_count', { query })).toEqual({ count: expect.any(Number) })
  // What is left is told when the server stops; see often.test.ts.
})

test('a token sees of the trail what its limits cover', async () => {
  const other = await wire.token()
  await wire.call('js-result_query', { query }, other)
  const key = other.slice(0, 16)
  const limited = await wire.token([
    { scopes: [{ token: key }], permissions: [{ audit_log: { read: '*' } }] },
  ])
  await expect.poll(() => trail(limited), soon).not.toHaveLength(0)
  expect(new Set((await trail(limited)).map(row => row.token_key))).toEqual(new Set([key]))
  expect(
    await wire.call('audit-log_query', { query: { condition: [{ token_key: root }] } }, limited),
  ).toMatchObject({
    error: { code: 102 },
  })
  expect(await wire.call('audit-log_query', { query }, other)).toMatchObject({ error: { code: 102 } })
})

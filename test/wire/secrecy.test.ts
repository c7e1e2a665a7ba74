import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { secrets, startOn, type TestApp } from './support/app.ts'
import { createTestData } from './support/data.ts'
import { openSocket } from './support/socket.ts'
import { createWire, jsLimit, rpc, send, type Wire } from './support/wire.ts'

const limits = [jsLimit('*', { read: '*', write: '*', delete: '*' })]
const password = 'the first password'
const newPassword = 'the second password'
const wrong = [
  'WrongKey12345678:WrongSecret01234567890abcdefghij',
  'carol|the wrong password',
  'not-a-credential-but-private',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwcml2YXRlIn0.c2lnbmF0dXJl',
]

/** Uses every kind of credential in every place, right and wrong; resolves to all that were used. */
async function useCredentials(wire: Wire): Promise<string[]> {
  const made = await wire.token(limits, { username: 'carol', password })
  const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, made)
  await wire.result('token_change_password', { target_token: 'carol', new_password: newPassword })
  const rolled = await wire.result<{ key: string; secret: string }>('token_roll_token_secret', {
    target_token: 'carol',
  })
  const all = [secrets.root, made, jwt, `carol|${password}`, `carol|${newPassword}`, ...wrong]
  all.push(`${rolled.key}:${rolled.secret}`)
  for (const credential of all) await useEverywhere(wire, credential)
  return [...all, password, newPassword, made.slice(17), rolled.secret, secrets.root.slice(17)]
}

async function useEverywhere({ app, ask }: Wire, credential: string): Promise<void> {
  const query = { condition: [] }
  await ask([
    rpc('js-result_query', { token: credential, query }),
    rpc('js-result_append', { token: credential, rows: [{ js_worker_name: 'a' }] }),
    rpc('token_create', { father_token: credential, token_creation: { token_limit: [] } }),
    rpc('token_get', { supertoken: credential, token: 'carol' }),
    rpc('token_get', { supertoken: secrets.root, token: credential }),
    rpc('token_explain', { token: credential, scope: credential, permission: credential }),
    rpc('token_list_all_tokens', [credential, credential]),
    rpc(credential, { token: credential }),
    rpc('js-result_query', { token: credential, query, password: credential }),
  ])
  await ask(`{"jsonrpc":"2.0","method":"js-result_query","params":{"token":"${credential}"`)
  const headers = { authorization: `Bearer ${credential}` }
  await ask(rpc('js-result_delete', { query: { condition: ['all'] } }), headers)
  await ask(rpc('js-result_count', { token: 'conflicting:one', query }), headers)
  await send(app.url, { path: `/rpc?token=${encodeURIComponent(credential)}`, headers, method: 'GET' })
  const socket = await openSocket(app.url, '/', { headers })
  await socket.ask(rpc('token_get', {}))
  socket.close()
}

test('no credential and no secret of the server reaches the log, the metrics or the document, whatever fails', async () => {
  const data = await createTestData('postgres')
  onTestFinished(data.remove)
  const url = new URL(data.postgresUrl ?? '')
  // The tests' own server asks for no password and takes any; one of TEST_DATABASE_URL may know one.
  url.password ||= 'the-password-of-the-database'
  const app: TestApp = await startOn(data, { DATABASE_URL: url.href })
  const wire = createWire(() => app)
  const used = await useCredentials(wire)

  const postgres = new Client({ connectionString: data.postgresUrl })
  await postgres.connect()
  await postgres.query('alter table js_result rename to hidden')
  for (const credential of used) await useEverywhere(wire, credential)
  await postgres.query('alter table token rename to hidden_token')
  await postgres.query('update token_version set version = version + 1')
  for (const credential of used) await useEverywhere(wire, credential)
  await postgres.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  for (const credential of used) await useEverywhere(wire, credential)
  await postgres.end()

  const shown = await Promise.all(
    ['/metrics', '/openrpc.json', '/readyz'].map(path => send(app.url, { path, method: 'GET' })),
  )
  await app.close()
  // There must be something to look through: each failure of the database is logged with its cause.
  expect(app.log.filter(line => line.includes('"err"')).length).toBeGreaterThan(used.length)
  const text = [...app.log, ...shown.map(({ body }) => body)].join('\n')
  const hidden = [...used, secrets.jwt, secrets.pepper, url.password, encodeURIComponent(secrets.root)]
  expect(hidden.filter(secret => text.includes(secret))).toEqual([])
})

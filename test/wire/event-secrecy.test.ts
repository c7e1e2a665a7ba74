import { Client } from 'pg'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { newWebhookSecret } from '../../src/outbound/webhook.ts'
import { bodyOf, listenHttp } from '../outbound/listener.ts'
import { secrets, startOn } from './support/app.ts'
import { createTestData } from './support/data.ts'
import { createWire, send, type Wire } from './support/wire.ts'

const [first, second] = [newWebhookSecret(), newWebhookSecret()]
const sealingKey = 'the key that seals the secrets of these tests'
const inUrl = 'https://user:password-in-a-url@example.com/'
const malformed = ['whsec_malformed but private', 'without its prefix but private']
const wrong = 'WrongKey12345678:WrongSecret01234567890abcdefghij'

/** Values of `env.secrets`, which are known to nobody but the script. */
const hidden = { key: 'env-secret-of-a-member', list: ['env-secret-in-a-list'], 'env-key': 4711004711 }
const laidOver = 'env-secret-of-one-run'
const replaced = 'env-secret-that-came-later'

const base64 = (source: string) => Buffer.from(source).toString('base64')

const source = `
const size = ({ secrets }) => JSON.stringify(secrets).length
export default {
  onCall: (params, env) => size(env),
  onEvent: (params, env) => size(env),
  onRoute: (request, env) => ({ status: 200, body: String(size(env)) }),
  onInlineCall: (params, env) => { throw new Error('it broke with ' + size(env)) },
}`

/** What the clients were answered, as it was sent. */
interface Listening {
  readonly answers: string[]
  readonly receiver: string
}

/** Has every secret given, changed, used and refused in every place where one may stand; whatever becomes of it. */
async function useSecrets(
  { app }: Wire,
  { answers, receiver }: Listening,
  credential: string,
): Promise<void> {
  const say = async (method: string, params: object, headers: Record<string, string> = {}) => {
    const all = Object.keys(headers).length === 0 ? { token: credential, ...params } : params
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: all })
    answers.push((await send(app.url, { body, headers })).body)
  }
  const webhook = (secret: string, url = receiver) => ({ target: { kind: 'webhook', url, secret } })
  const hook = { full_name: 'hook', sender: 'app', retry: { limit: 0 } }
  await say('event-handler_create', { ...hook, ...webhook(first) })
  await say('event-handler_create', { ...hook, ...webhook(first) })
  for (const secret of malformed) await say('event-handler_create', { ...hook, ...webhook(secret) })
  await say('event-handler_create', { ...hook, ...webhook(first, inUrl) })
  await say('event-handler_create', { ...hook, full_name: first, ...webhook(first), description: 7 })
  await say('event-handler_update', { full_name: 'hook', ...webhook(malformed[0] ?? '') })
  await say('event-handler_update', { full_name: 'hook', ...webhook(second) })
  await say('event-handler_read', { full_name: 'hook' })
  await say('event-handler_list', {})

  const worker = { name: 'keeper', js_script_base64: base64(source), route_name: 'keeper' }
  const env = { open: 1, secrets: hidden, inner: { secrets: replaced } }
  await say('js-worker_create', { ...worker, env })
  await say('js-worker_create', { ...worker, env })
  await say('js-worker_create', { ...worker, env, name: 'broken', js_script_base64: base64('export {') })
  await say('js-worker_create', { ...worker, env, name: 'clash' })
  await say('js-worker_create', { ...worker, env, name: 'limits', max_run_time: replaced })
  await say('js-worker_update', {
    name: 'keeper',
    env: { secrets: { ...hidden, key: '***', new: replaced } },
  })
  await say('js-worker_update', { name: 'keeper', env: { secrets: { other: '***', new: replaced } } })
  await say('js-worker_read', { name: 'keeper' })
  await say('js-worker_list_all_js_worker', {})
  const run = { js_script_name: 'keeper', params: {}, wait_ms: 10_000 }
  await say('js-worker_run', run)
  await say('js-worker_run', { ...run, env: { secrets: { key: laidOver } } })
  await say('js-worker_run', { ...run, run_type: 'inline_call' })
  await say('js-worker_get_rt_pool', {})
  const headers = { authorization: `Bearer ${credential}` }
  const path = '/worker-route/keeper/x'
  answers.push((await send(app.url, { path, headers, body: '{}' })).body)
  answers.push((await send(app.url, { path, headers: { authorization: `Basic ${laidOver}` } })).body)

  const scripted = { full_name: 'scripted', sender: 'app', target: { kind: 'js_worker', name: 'keeper' } }
  await say('event-handler_create', scripted)
  const event = { sender: 'app', kwargs: { a: 1 }, idempotency_key: 'once' }
  await say('event_send', { ...event, wait_ms: 500 })
  await say('event_send', event, headers)
  await say('event_send', { ...event, kwargs: 2 })
  await say('event_send', { events: [{ ...event, token: credential }] })
  await say('event-task_claim', { full_names: ['hook'] })
  await say('event-task_complete', { id: 1, attempt: 1, result: {} }, headers)
  const query = { condition: [{ sender: 'app' }] }
  await say('event-log_query', { query })
  await say('event-log_replay', { query: { condition: [{ sender: 'app' }, { limit: 1 }] } }, headers)
  await say('event-log_cancel', { query })
  await say('js-result_query', { query: { condition: [] } })
}

/** All that is stored of events and workers, as text. */
async function storedText(postgres: Client): Promise<string> {
  const tables = ['event_log', 'js_result', 'event_handler', 'js_worker', 'event_idempotency', 'token']
  const texts: string[] = []
  for (const table of tables) {
    const { rows } = await postgres.query(`select string_agg(t::text, e'\\n') as text from ${table} as t`)
    texts.push(String(rows[0].text))
  }
  return texts.join('\n')
}

test('no secret of a webhook or a script and no credential is shown, logged or stored in the clear, whatever fails', async () => {
  const received: { headers: Record<string, string>; body: string }[] = []
  const listener = await listenHttp(async (request, response) => {
    received.push({ headers: request.headers as Record<string, string>, body: await bodyOf(request) })
    // It shows what it was sent, and never has enough.
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(request.headers))
  })
  const data = await createTestData('postgres')
  onTestFinished(data.remove)
  const app = await startOn(data, {
    LOG_LEVEL: 'trace',
    DAYBOOK_SEALING_KEY: sealingKey,
    DAYBOOK_OUTBOUND_ALLOW: '127.0.0.1',
    // What runs at the end cannot be ended: its table is gone.
    DAYBOOK_DRAIN_MS: '500',
  })
  const wire = createWire(() => app)
  const mine = await wire.token([
    {
      scopes: ['global'],
      permissions: [{ event: { send: '*' } }, { event_log: { read: '*' } }, { event_log: { write: '*' } }],
    },
  ])
  const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 })
  const credentials = [secrets.root, mine, jwt, wrong]
  const listening = { answers: [] as string[], receiver: `http://127.0.0.1:${listener.port}/hook` }

  for (const credential of credentials) await useSecrets(wire, listening, credential)
  await expect.poll(() => received.length).toBeGreaterThan(0)
  const postgres = new Client({ connectionString: data.postgresUrl })
  await postgres.connect()
  onTestFinished(() => postgres.end())
  const stored = await storedText(postgres)
  for (const table of ['js_worker', 'event_handler', 'event_log']) {
    await postgres.query(`alter table ${table} rename to hidden_${table}`)
    await useSecrets(wire, listening, secrets.root)
  }
  await postgres.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  await useSecrets(wire, listening, jwt)
  const shown = await Promise.all(
    ['/metrics', '/openrpc.json', '/readyz'].map(path => send(app.url, { path, method: 'GET' })),
  )
  await app.close()

  // They were used: the last two secrets sign, the script was given its own, and failures were logged.
  const [{ headers, body } = { headers: {}, body: '' }] = received.slice(-1)
  for (const secret of [first, second]) expect(new Webhook(secret).verify(body, headers)).toBeDefined()
  expect(listening.answers.join('\n')).toContain('it broke with ')
  expect(listening.answers.join('\n')).toContain('"***"')
  expect(app.log.filter(line => line.includes('"err"')).length).toBeGreaterThan(10)
  expect(stored).toContain('keeper')

  const texts = [...app.log, ...listening.answers, ...shown.map(each => each.body), stored].join('\n')
  const keys = [first, second].map(secret => secret.slice('whsec_'.length))
  const values = [hidden.key, ...hidden.list, String(hidden['env-key']), laidOver, replaced]
  const secretHalves = [secrets.root, mine, wrong].map(credential => credential.slice(17))
  const all = [
    ...credentials,
    ...secretHalves,
    ...keys,
    ...values,
    'but private',
    'password-in-a-url',
    sealingKey,
    secrets.jwt,
    secrets.pepper,
  ]
  const forms = all.flatMap(secret => [secret, base64(secret), encodeURIComponent(secret)])
  expect(forms.filter(secret => texts.includes(secret))).toEqual([])
})

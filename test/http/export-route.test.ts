import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { createWire, failure, jsLimit, type Received, send } from '../wire/support/wire.ts'

/** More than all the buffers between the database and a client that does not read. */
const bigRows = 300
const prepare = `insert into js_result (js_worker_name, run_type, start_time, error_message)
  select case when n % 2 = 0 then 'even' else 'odd' end, 'call', to_timestamp(0), repeat(md5(n::text), 3200)
  from generate_series(1, ${bigRows}) as n`

let data: TestData
let app: TestApp
let database: Client

const wire = createWire(() => app)

beforeAll(async () => {
  data = await createTestData('postgres', prepare)
  app = await startOn(data)
  database = new Client({ connectionString: data.postgresUrl })
  await database.connect()
  const rows = [1, 2, 3].map(n => ({
    service_id: 's',
    project_id: 'p',
    service_name: 'n',
    event_info: `e${n}`,
  }))
  await wire.result('service-event_append', { rows })
})

afterAll(async () => {
  await database.end()
  await app.close()
  await data.remove()
})

/** Without a credential when it is empty. */
function ask(path: string, token: string = secrets.root, method = 'GET'): Promise<Received> {
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
  return send(app.url, { path, method, headers })
}

/** An export whose answer nobody reads yet. */
async function start(path: string, token: string = secrets.root, url = app.url): Promise<IncomingMessage> {
  const request = get(`${url}${path}`, { agent: false, headers: { authorization: `Bearer ${token}` } })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  onTestFinished(() => void answer.destroy())
  // What becomes of it is asked for later.
  answer.on('error', () => undefined)
  request.on('error', () => undefined)
  return answer
}

const all = '/export/js-result'

function idsIn(body: string): readonly number[] {
  return body.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line).id as number]))
}

test('the answer is the rows, one a line', async () => {
  const { status, headers, body } = await ask('/export/service-event')
  const rows = await wire.result<object[]>('service-event_query', { query: { condition: [] } })
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="service-event.ndjson"',
    'cache-control': 'no-store',
    'x-request-id': expect.any(String),
  })
  expect(body.endsWith('\n')).toBe(true)
  expect(
    body
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual(rows.toReversed())
  const csv = await ask('/export/service-event?format=csv&after=2')
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
  expect(csv.body).toMatch(/^id,project_id,.*\r\n3,"p","s","n","normal","e3",\d{4}-\d\d-\d\dT[\d:.]+Z\r\n$/)
  for (const bom of ['bom', 'bom=1', 'bom=true']) {
    const url = `${app.url}/export/service-event?format=csv&after=2&${bom}`
    const marked = await fetch(url, { headers: { authorization: `Bearer ${secrets.root}` } })
    expect(Buffer.from(await marked.arrayBuffer()).toString()).toBe(`\ufeff${csv.body}`)
  }
  expect((await ask('/export/service-event?format=csv&after=2&bom=false')).body).toBe(csv.body)
  expect((await ask('/export/execution-event')).body).toBe('')
  expect((await ask('/export/execution-event?format=csv')).body).toMatch(/^id,[a-z_,]+\r\n$/)
})

test('conditions choose the rows, and the token what it may read', async () => {
  const token = await wire.token([jsLimit('e*', { read: '*' })])
  const condition = encodeURIComponent('[{"id_in":[1,2,3,4]}]')
  expect(idsIn((await ask(`${all}?condition=${condition}`)).body)).toEqual([1, 2, 3, 4])
  expect(idsIn((await ask(`${all}?condition=${condition}`, token)).body)).toEqual([2, 4])
  const last = encodeURIComponent('["last"]')
  expect(idsIn((await ask(`${all}?condition=${last}`, token)).body)).toEqual([bigRows])
})

describe('a request that is refused says why', () => {
  test.each([
    ['/export/nothing', 404, 105, 'resource_not_found'],
    ['/export/js-result?limit=1', 400, -32602, 'unknown_member', 'limit'],
    ['/export/js-result?token=x', 400, -32602, 'unknown_member', 'token'],
    ['/export/js-result?format=xml', 400, -32602, 'invalid_params', 'format'],
    ['/export/js-result?format=csv&format=csv', 400, -32602, 'invalid_params', 'format'],
    ['/export/js-result?bom=true', 400, -32602, 'not_csv', 'bom'],
    ['/export/js-result?format=csv&bom=yes', 400, -32602, 'invalid_params', 'bom'],
    ['/export/js-result?after=x', 400, -32602, 'invalid_params', 'after'],
    ['/export/js-result?after=1&condition=[{"limit":1}]', 400, -32602, 'not_by_key', 'after'],
    ['/export/js-result?condition=last', 400, -32602, 'wrong_type', 'condition'],
    ['/export/js-result?condition={}', 400, -32602, 'wrong_type', 'condition'],
    ['/export/js-result?condition=["all"]', 400, -32602, 'misplaced_condition', 'condition[0]'],
    ['/export/js-result?condition=[{"nope":1}]', 400, -32602, 'unknown_condition', 'condition[0].nope'],
    [
      '/export/js-result?condition=[{"run_type":"\\u0000"}]',
      400,
      -32602,
      'nul_character',
      'condition[0].run_type',
    ],
  ])('%s', async (path, status, code, reason, at?: string) => {
    const answer = await ask(encodeURI(path))
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toEqual(failure(code, reason, at))
  })

  test('without a credential, with a bad one, and with one that may not', async () => {
    const powerless = await wire.token([jsLimit('*', { write: '*' })])
    const answers = [
      await ask(all, ''),
      await ask(all, 'nonsense'),
      await ask(all, `${secrets.root}x`),
      await ask('/export/nothing', ''),
      await ask(all, powerless),
      await ask(`${all}?condition=${encodeURIComponent('[{"js_worker_name":"even"}]')}`, powerless),
    ]
    expect(answers.map(({ status, body }) => [status, JSON.parse(body).error.data.reason])).toEqual([
      [401, 'credential_required'],
      [401, 'malformed_credential'],
      [401, 'permission_denied'],
      [401, 'credential_required'],
      [403, 'permission_denied'],
      [403, 'permission_denied'],
    ])
    expect(answers[0]?.headers['www-authenticate']).toBe('Bearer')
  })

  test('other methods, and HTTP/1.0, whose answers have no end', async () => {
    for (const method of ['HEAD', 'POST', 'DELETE']) {
      const { status, headers } = await ask(all, secrets.root, method)
      expect([status, headers.allow]).toEqual([405, 'GET'])
    }
    const { hostname, port } = new URL(app.url)
    const socket = connect(Number(port), hostname)
    socket.write(`GET ${all} HTTP/1.0\r\nHost: ${hostname}\r\nAuthorization: Bearer ${secrets.root}\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.\d 400 [\s\S]*http_version_too_old/)
  })
})

/** How many rows of js-result the server has given out. */
async function rowsRead(): Promise<number> {
  const { body } = await send(app.url, { path: '/metrics', method: 'GET' })
  const name = 'daybook_rows_total{resource="js-result",action="returned"} '
  const line = body.split('\n').find(each => each.startsWith(name))
  return Number(line?.slice(name.length) ?? 0)
}

/** The statements of the server that run or hold a transaction. */
async function busyStatements(): Promise<number> {
  const { rows } = await database.query(`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%string_agg%' and state <> 'idle'`)
  return rows[0]?.n
}

describe('while the client does not read', () => {
  test('nothing is read from the database; then all of it comes', async () => {
    const before = await rowsRead()
    const answer = await start(all)
    await sleep(300)
    await vi.waitUntil(async () => (await busyStatements()) === 0, { timeout: 10_000 })
    expect((await rowsRead()) - before).toBeLessThan(bigRows * 0.75)
    expect(idsIn(await text(answer))).toEqual(Array.from({ length: bigRows }, (_, i) => i + 1))
  })

  test('four at once are let in, three of one token, and another as soon as one has left', async () => {
    const other = await wire.token([jsLimit('*', { read: '*' })])
    const answers = await Promise.all([1, 2, 3].map(() => start(all)))
    expect(JSON.parse((await ask(all)).body)).toEqual(failure(110, 'too_many_exports'))
    answers.push(await start(all, other))
    const refused = await ask(all, other)
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    expect(JSON.parse(refused.body)).toEqual(failure(110, 'too_many_exports'))
    answers[0]?.destroy()
    await vi.waitUntil(async () => (await ask('/export/service-event')).status === 200, { timeout: 5000 })
    await vi.waitUntil(async () => (await busyStatements()) === 0, { timeout: 5000 })
    for (const answer of answers) answer.destroy()
  })

  test('a revoked token ends it before its end', async () => {
    const token = await wire.token([jsLimit('*', { read: '*' })])
    const answer = await start(all, token)
    await wire.result('token_delete', { target_token: token.slice(0, 16) })
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(answer.complete).toBe(false)
    expect(app.log.join('')).toContain('an export was cut off')
  })

  test('a failing database ends it before its end', async () => {
    const answer = await start(all)
    await database.query('alter table js_result rename to js_result_away')
    onTestFinished(() => void database.query('alter table js_result_away rename to js_result'))
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(answer.complete).toBe(false)
  })
})

describe('a server that stops', () => {
  test('lets an export end that is being read', async () => {
    const own = await startOn(data)
    const answer = await start(all, secrets.root, own.url)
    const closed = own.close()
    await sleep(200)
    const hash = createHash('sha256')
      .update(await text(answer))
      .digest('hex')
    await closed
    expect(answer.complete).toBe(true)
    expect(hash).toBe(
      createHash('sha256')
        .update((await ask(all)).body)
        .digest('hex'),
    )
  })

  test('cuts off one that is not, once its time is up', async () => {
    const own = await startOn(data, { DAYBOOK_DRAIN_MS: '300' })
    const answer = await start(all, secrets.root, own.url)
    await own.close()
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(answer.complete).toBe(false)
  })
})

import { existsSync } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startScriptedServer } from '../client/scripted-server.ts'
import { createEmptyPostgres } from '../support/databases.ts'
import {
  makeFolder,
  type Ran,
  type RunOptions,
  runDaybook,
  type ServedDaybook,
  serveDaybook,
  startDaybook,
} from './daybook.ts'

let folder: Awaited<ReturnType<typeof makeFolder>>
let server: ServedDaybook

beforeAll(async () => {
  folder = await makeFolder()
  server = await serveDaybook(folder.path)
}, 60_000)

afterAll(async () => {
  await server.stop()
  await folder.remove()
})

function daybook(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const own = { DAYBOOK_URL: server.url, DAYBOOK_DATA: folder.path }
  const env = { ...own, ...options.env }
  return runDaybook(args, { ...options, env })
}

async function answerOf(args: readonly string[], options?: RunOptions): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await daybook(args, options)
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, unknown>
}

const readDemo = ['--scope', 'js_worker=demo_*', '--permission', 'js_result.read=demo_*']

async function createToken(): Promise<{ key: string; credential: string }> {
  const { key, secret } = await answerOf(['token', 'create', ...readDemo])
  return { key: String(key), credential: `${key}:${secret}` }
}

describe('token', () => {
  test('create makes one that may do what was said, and no more', async () => {
    const { credential } = await createToken()
    const query = (name: string) =>
      daybook(['--token', credential, 'count', 'js-result', `js_worker_name=${name}`])
    expect(await query('demo_worker')).toMatchObject({ code: 0, stdout: '{"count":0}\n' })
    const denied = await query('other')
    expect(denied).toMatchObject({ code: 1, stdout: '' })
    expect(denied.stderr).toContain('102 permission_denied')
    expect(denied.stderr).not.toContain(credential)
  })

  test('create without anything it may do is a usage fault', async () => {
    expect(await daybook(['token', 'create'])).toMatchObject({ code: 2, stdout: '' })
  })

  test('create with a username takes the password from stdin; change-password replaces it', async () => {
    const create = ['token', 'create', '--username', 'alice', '--password-stdin', '--to', '+1h', ...readDemo]
    await answerOf(create, { input: 'first password\n' })
    expect(await answerOf(['token', 'get', 'alice'])).toMatchObject({
      username: 'alice',
      timestamp_from: null,
    })
    await answerOf(['token', 'change-password', 'alice'], { input: 'second password\n' })
    const count = ['count', 'js-result', 'js_worker_name=demo_worker']
    expect((await daybook(['--token', 'alice|first password', ...count])).code).toBe(1)
    expect((await daybook(['--token', 'alice|second password', ...count])).code).toBe(0)
  })

  test('get without a target shows the one presented, which may come in a file', async () => {
    expect(await answerOf(['token', 'get'])).toMatchObject({ username: 'root' })
    const file = join(folder.path, 'super-token')
    expect(
      await answerOf(['token', 'get'], { env: { DAYBOOK_DATA: '/none', DAYBOOK_TOKEN_FILE: file } }),
    ).toMatchObject({ username: 'root' })
  })

  test('list, edit, roll and delete do what they say', async () => {
    const { key, credential } = await createToken()
    const listed = await daybook(['token', 'list'])
    expect(listed.stdout.split('\n').some(line => line.includes(key))).toBe(true)

    const limit = { scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }
    await answerOf(['token', 'edit', key, '--limit', JSON.stringify(limit)])
    expect(await answerOf(['token', 'get', key])).toMatchObject({ token_limit: [limit] })

    const rolled = await answerOf(['token', 'roll', key])
    expect((await daybook(['--token', credential, 'token', 'get'])).code).toBe(1)
    expect((await daybook(['--token', `${key}:${rolled.secret}`, 'token', 'get'])).code).toBe(0)

    expect(await answerOf(['token', 'delete', key])).toMatchObject({ rows_affected: 1 })
    const gone = await daybook(['token', 'delete', key])
    expect(gone).toMatchObject({ code: 1, stdout: '' })
    expect(gone.stderr).toContain('105')
  })

  test('issue mints a JWT that works; explain says what a token may do', async () => {
    const { credential } = await createToken()
    const { jwt } = await answerOf(['--token', credential, 'token', 'issue', '--ttl', '5m'])
    const ask = [
      '--token',
      String(jwt),
      'token',
      'explain',
      '--scope',
      'js_worker=demo_worker',
      '--permission',
    ]
    expect(await answerOf([...ask, 'js_result.read=demo_worker'])).toMatchObject({ allowed: true })
    expect(await answerOf([...ask, 'js_result.delete=demo_worker'])).toMatchObject({ allowed: false })
  })

  test('the super token of this machine is not handed to a server elsewhere', async () => {
    const elsewhere = await startScriptedServer(() => ({ body: '{}' }))
    // Reaches this machine, by an address that does not say so.
    await daybook(['token', 'get'], { env: { DAYBOOK_URL: elsewhere.url.replace('127.0.0.1', '0.0.0.0') } })
    await elsewhere.close()
    expect(elsewhere.received.map(({ body }) => JSON.parse(body).params)).toEqual([{}])
  })
})

describe('doctor', () => {
  async function findings(
    options: RunOptions = {},
  ): Promise<{ code: number | null; status: Map<string, string> }> {
    const { code, stdout } = await daybook(['doctor'], options)
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { check: string; status: string })
    return { code, status: new Map(lines.map(({ check, status }) => [check, status])) }
  }

  test('finds nothing wrong with a server that runs', async () => {
    const { code, status } = await findings()
    expect([...status.keys()]).toEqual([
      'configuration',
      'data folder',
      'super token',
      'database',
      'server',
      'token',
    ])
    expect([...status.values()]).toEqual(Array(6).fill('ok'))
    expect(code).toBe(0)
  })

  test('says when the server is not there, and exit 1', async () => {
    const { code, status } = await findings({ env: { DAYBOOK_URL: 'http://127.0.0.1:1' } })
    expect(status.get('server')).toBe('fault')
    expect(status.get('configuration')).toBe('ok')
    expect(code).toBe(1)
  })

  test('says when the token is refused', async () => {
    const { code, status } = await findings({ env: { DAYBOOK_TOKEN: 'aaaaaaaaaaaaaaaa:b' } })
    expect([status.get('token'), code]).toEqual(['fault', 1])
  })

  test('says when the database cannot be reached', async () => {
    const { code, status } = await findings({ env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } })
    expect([status.get('database'), code]).toEqual(['fault', 1])
  })

  test('says when others can read the super token', async () => {
    const file = join(folder.path, 'super-token')
    await chmod(file, 0o644)
    const { code, status } = await findings()
    await chmod(file, 0o600)
    expect([status.get('super token'), code]).toEqual(['fault', 1])
  })

  test('says when others can read the profiles, which hold tokens', async () => {
    const file = join(folder.path, 'daybook', 'config.json')
    await daybook(['profile', 'add', 'here', '--url', server.url], { env: { XDG_CONFIG_HOME: folder.path } })
    expect((await findings({ env: { XDG_CONFIG_HOME: folder.path } })).status.get('profiles')).toBe('ok')
    await chmod(file, 0o644)
    const { code, status } = await findings({ env: { XDG_CONFIG_HOME: folder.path } })
    expect([status.get('profiles'), code]).toEqual(['fault', 1])
  })

  test('lists every fault of the configuration', async () => {
    const { code, stdout } = await daybook(['doctor'], { env: { PORT: 'x', DAYBOOK_BOGUS: '1' } })
    expect(stdout.trim().split('\n')).toHaveLength(2)
    expect(code).toBe(1)
  })
})

describe('migrate', () => {
  test('applies what a dry run lists, once', async () => {
    const database = await createEmptyPostgres()
    const env = { DATABASE_URL: database.url }
    try {
      const dry = await daybook(['migrate', '--dry-run'], { env })
      expect(dry.stdout).toContain('"0001_core"')
      const applied = await daybook(['migrate'], { env })
      expect(applied).toMatchObject({ code: 0, stdout: dry.stdout })
      expect(await daybook(['migrate'], { env })).toMatchObject({ code: 0, stdout: '' })
      // The same database, named as PostgreSQL's own programs name it.
      const { hostname, port, username, password, pathname } = new URL(database.url)
      const asLibpq = {
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: decodeURIComponent(username),
        PGPASSWORD: decodeURIComponent(password),
        PGDATABASE: pathname.slice(1),
      }
      expect(await daybook(['migrate'], { env: asLibpq })).toMatchObject({ code: 0, stdout: '' })
    } finally {
      await database.drop()
    }
  })

  test('a dry run does not make the embedded database', async () => {
    const dataDir = join(folder.path, 'elsewhere')
    const { stdout } = await daybook(['migrate', '--dry-run', '--data', dataDir])
    expect(stdout).toContain('"0001_core"')
    expect(existsSync(dataDir)).toBe(false)
  })

  test('leaves the database of a running server alone, and exit 1', async () => {
    const { code, stderr } = await daybook(['migrate'])
    expect(code).toBe(1)
    expect(stderr).toContain('in use')
  })
})

test('healthcheck says whether the server is ready', async () => {
  expect((await daybook(['healthcheck'])).code).toBe(0)
  expect((await daybook(['healthcheck'], { env: { DAYBOOK_URL: 'http://127.0.0.1:1' } })).code).toBe(1)
})

test('what Kubernetes sets beside a Service named daybook disturbs no command', async () => {
  const env = {
    DAYBOOK_SERVICE_HOST: '10.96.0.12',
    DAYBOOK_SERVICE_PORT_HTTP: '7411',
    DAYBOOK_PORT: 'tcp://10.96.0.12:7411',
    DAYBOOK_PORT_7411_TCP_ADDR: '10.96.0.12',
    DAYBOOK_WEB_SERVICE_HOST: '10.96.0.13',
  }
  expect((await daybook(['healthcheck'], { env })).code).toBe(0)
  expect((await daybook(['doctor'], { env })).code).toBe(0)
  const typo = await daybook(['healthcheck'], { env: { ...env, DAYBOOK_POR: '7411' } })
  expect(typo).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean PORT?') })
})

test('openrpc prints the document with every resource’s methods', async () => {
  const { methods } = (await answerOf(['openrpc'])) as { methods: readonly { name: string }[] }
  const names = methods.map(method => method.name)
  expect(names).toEqual(expect.arrayContaining(['js-result_query', 'event-log_append', 'token_create']))
})

test('version prints the version of the package', async () => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  expect(await startDaybook(['version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('as a process it takes its input, its environment and its faults from where it stands', async () => {
  const env = { DAYBOOK_URL: server.url, DAYBOOK_DATA: folder.path }
  const create = ['token', 'create', '--username', 'piped', '--password-stdin', ...readDemo]
  expect(await startDaybook(create, { env, input: 'from the pipe\n' })).toMatchObject({ code: 0 })
  const denied = await startDaybook(
    ['--token', 'piped|from the pipe', 'count', 'js-result', 'js_worker_name=other'],
    { env },
  )
  expect(denied).toMatchObject({ code: 1, stdout: '' })
  expect(denied.stderr).toContain('102 permission_denied')
  expect(await startDaybook(['count'], { env })).toMatchObject({ code: 2, stdout: '' })
})

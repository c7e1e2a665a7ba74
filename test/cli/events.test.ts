import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { makeEmptyFolder, type Ran, runDaybook, runOnTerminal } from './daybook.ts'

let folder: Awaited<ReturnType<typeof makeEmptyFolder>>
let app: TestApp
// For what a test is given, and to look at what a command did.
let client: Client

const script = `export default {
	async onCall(params, env) {
		if (params?.fail) throw new Error('told to\\u001b[31m')
		for (const until = Date.now() + (params?.ms ?? 0); Date.now() < until; );
		return { params, env }
	},
	async onCron() { return 'by the clock' },
	async onEvent(kwargs, env, ctx) {
		if (kwargs?.fail) throw new Error('told to\\u001b[31m')
		if (kwargs?.next) await ctx.send({ sender: kwargs.next, kwargs: kwargs.pass })
		return kwargs
	},
}
`

beforeAll(async () => {
  folder = await makeEmptyFolder()
  app = await startTestApp('postgres')
  await writeFile(file('good.js'), script)
  await writeFile(file('bad.js'), 'export default {\n  onCall( {')
  client = createClient({ url: app.url, token: secrets.root })
  await client.call('js-worker_create', {
    name: 'echo',
    js_script_base64: Buffer.from(script).toString('base64'),
  })
  for (const sender of ['first', 'second']) {
    const target = { kind: 'js_worker', name: 'echo' } as const
    const retry = { limit: 0 }
    await client.call('event-handler_create', { full_name: `on.${sender}`, sender, target, retry })
  }
  for (const sender of ['idle', 'typed']) {
    // Nobody claims what is sent to it.
    const target = { kind: 'remote' } as const
    await client.call('event-handler_create', { full_name: `on.${sender}`, sender, event_type: '*', target })
  }
}, 60_000)

afterAll(async () => {
  await app.close()
  await folder.remove()
})

function file(name: string): string {
  return join(folder.path, name)
}

function reach(): Record<string, string> {
  return { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root }
}

function daybook(args: readonly string[], input?: string): Promise<Ran> {
  return runDaybook(args, { env: reach(), ...(input !== undefined && { input }) })
}

type Row = Readonly<Record<string, unknown>>

function rowsOf({ stdout }: Ran): readonly Row[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Row)
}

/** The rows of a command that must succeed. */
function onTerminal(args: readonly string[]): Promise<Ran> {
  return runDaybook(args, { env: reach(), columns: 160 })
}

async function done(args: readonly string[], input?: string): Promise<readonly Row[]> {
  const ran = await daybook(args, input)
  expect(ran.code, ran.stderr).toBe(0)
  return rowsOf(ran)
}

describe('send', () => {
  test('prints the record that it set off, and with --wait how it ended', async () => {
    const [sent] = await done(['send', 'first', '{"n":9007199254740993}', '--request-id', 'sent'])
    expect(sent).toMatchObject({ request_id: 'sent', full_name: 'on.first', status: 'waiting' })
    const [waited] = await done(['send', 'first', '-', '--wait', '20s'], '{"n":1}')
    expect(waited).toMatchObject({ status: 'success', attempt: 1, result: { n: 1 } })
    const [row] = await client.query('event-log', [{ request_id: 'sent' }])
    expect(row?.param).toEqual({ n: JSON.rawJSON('9007199254740993') })
  })

  test('is a table on a terminal, and names the command that follows what it sets off', async () => {
    const { stdout, stderr } = await runDaybook(['send', 'first', '--request-id', 'seen'], {
      env: reach(),
      columns: 80,
    })
    expect(stdout).toMatch(/^id +name +state +attempt +result +error\n *\d+ +on\.first +waiting /)
    expect(stderr).toContain('daybook chain seen')
  })

  test('places the event where it is told to', async () => {
    const options = ['--type', 'app.Special', '--parent', 'above', '--delay', '5m', '--request-id', 'placed']
    const send = ['send', 'typed', ...options, '--key', 'once']
    const first = await done(send)
    expect(await done(send)).toEqual(first)
    const [row] = await client.query('event-log', [{ request_id: 'placed' }])
    expect(row).toMatchObject({ event_type: 'app.Special', parent_node_id: 'above', status: 'waiting' })
  })

  test.each([
    ['a handler failed', ['first', '{"fail":true}', '--wait', '20s'], /1 of 1 handlers failed/],
    ['one has not ended', ['idle', '--wait', '10'], /1 of 1 handlers have not ended/],
    ['no handler takes the event', ['nobody'], /no enabled handler/],
    ['the server refuses it', ['*'], /sender/],
  ])('exits 1 when %s', async (_name, args, message) => {
    const { code, stderr } = await daybook(['send', ...args])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) })
  })

  test.each([[['first', '{"n":']], [['first', '{}', '--delay', 'soon']], [[]]])(
    '%j is a usage fault, and exit 2',
    async args => {
      const { code, stdout, stderr } = await daybook(['send', ...args])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).not.toBe('')
    },
  )
})

describe('chain', () => {
  const chained = { next: 'second', pass: { fail: true } }

  test('is a tree on a terminal with the first failure at its end, and lines of JSON otherwise', async () => {
    await client.send({ sender: 'first', kwargs: chained, request_id: 'chained' })
    await expect
      .poll(() => client.count('event-log', [{ request_id: 'chained' }, 'is_failure']), { timeout: 20_000 })
      .toBe(1)
    const tree = await onTerminal(['chain', 'chained'])
    expect(tree.code).toBe(0)
    expect(tree.stdout).toMatch(/^chained {2}fail {2}[\d.]+ m?s\n└─ on\.first {2}success /)
    expect(tree.stdout).toMatch(/\n {3}└─ ✗ on\.second {2}fail /)
    expect(tree.stdout).toMatch(/first failure: on\.second .*\n.*told to\\u001b\[31m\n/)
    expect(tree.stdout).not.toContain('\u001b')

    const rows = await done(['chain', 'chained'])
    expect(rows.map(row => [row.full_name, row.depth, row.status])).toEqual([
      ['on.first', 0, 'success'],
      ['on.second', 1, 'fail'],
    ])
    expect(await done(['chain', 'chained', '--depth', '0'])).toHaveLength(1)
    expect(await done(['chain', 'chained', '--node', String(rows[1]?.node_id)])).toMatchObject([
      { full_name: 'on.second' },
    ])
  })

  test.each([[['no-such-request']], [['no-such-request', '--node', 'x']]])(
    '%j has no record, and exit 1',
    async args => {
      const { code, stdout, stderr } = await daybook(['chain', ...args])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain('no record')
    },
  )
})

describe('cancel and replay', () => {
  /** Sends three events whose handler nobody works for; resolves to the condition that finds them. */
  async function givenWaiting(requestId: string): Promise<string> {
    const event = { sender: 'idle', request_id: requestId }
    await client.sendMany([event, event, event])
    return `request_id=${requestId}`
  }

  function waiting(requestId: string): Promise<number> {
    return client.count('event-log', [{ request_id: requestId }, 'is_waiting'])
  }

  test('cancel does nothing away from a terminal without --yes, and shows what it would do', async () => {
    const condition = await givenWaiting('to-cancel')
    expect(await daybook(['cancel', condition])).toMatchObject({ code: 2, stdout: '' })
    const dry = await daybook(['cancel', condition, '--dry-run'])
    expect(rowsOf(dry)).toEqual([{ would_affect: 3 }])
    expect(dry.stderr.match(/on\.idle/g)).toHaveLength(3)
    expect(await daybook(['cancel', condition, '--yes', '--max-affected', '2'])).toMatchObject({ code: 1 })
    expect(await waiting('to-cancel')).toBe(3)

    expect(await done(['cancel', condition, '--yes'])).toEqual([{ cancelled: 3, stopping: 0 }])
    expect(await waiting('to-cancel')).toBe(0)
    // What has ended is not counted again.
    expect(rowsOf(await daybook(['cancel', condition, '--dry-run']))).toEqual([{ would_affect: 0 }])
  })

  test.each([
    ['y\n', 6],
    ['n\n', 3],
  ])('replay asks on a terminal; after %j that many wait', async (text, expected) => {
    const condition = await givenWaiting(`asked-${expected}`)
    const typing = { after: '[y/N] ', text }
    const ran = await runOnTerminal(['replay', condition], { env: reach(), typing })
    expect(ran.stdout).toContain('Replay 3 of event-log? [y/N]')
    expect(ran.code).toBe(0)
    expect(await waiting(`asked-${expected}`)).toBe(expected)
  })

  test('replay prints the new records and says how many', async () => {
    const { event_logs: logs } = await client.send({ sender: 'first', kwargs: { again: 1 } })
    const [sent] = logs
    const ran = await daybook(['replay', `id=${sent?.id}`, '--yes'])
    expect(rowsOf(ran)).toMatchObject([{ full_name: 'on.first', status: 'waiting' }])
    expect(ran.stderr).toBe('1 replayed\n')
    const [row] = await client.query('event-log', [{ parent_node_id: sent?.node_id ?? '' }])
    expect(row).toMatchObject({ run_type: 'replay', param: { again: 1 } })
  })

  test.each([['replay'], ['cancel']])('%s without a condition is a usage fault', async name => {
    expect(await daybook([name, '--yes'])).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('handlers', () => {
  test('are added with all that they can be told, listed, switched and deleted', async () => {
    const add = ['handlers', 'add', 'app.full', '--sender', 'shop.*', '--type', 'app.*', '--remote']
    const run = [
      '--retry',
      '5',
      '--retry-delay',
      '2s',
      '--no-backoff',
      '--timeout',
      '1m',
      '--concurrency',
      '3',
    ]
    const clock = ['--cron', '0 4 * * *', '--tz', 'Europe/Berlin', '--description', 'all of it', '--disabled']
    const [added] = await done([...add, ...run, ...clock])
    expect(added).toMatchObject({
      sender: 'shop.*',
      event_type: 'app.*',
      target: { kind: 'remote' },
      retry: { limit: 5, delay_ms: 2000, backoff: false },
      timeout_ms: 60_000,
      concurrency: 3,
      schedule: { cron: '0 4 * * *', tz: 'Europe/Berlin' },
      enabled: false,
      description: 'all of it',
    })
    expect(await done(['handlers', 'enable', 'app.full'])).toMatchObject([{ enabled: true }])
    expect(await done(['handlers', 'disable', 'app.full'])).toMatchObject([{ enabled: false }])
    expect(await done(['handlers', 'show', 'app.full'])).toMatchObject([
      { enabled: false, timeout_ms: 60_000 },
    ])
    const listed = await done(['handlers', 'list'])
    expect(listed.map(row => row.full_name)).toContain('app.full')
    const table = await onTerminal(['handlers', 'list'])
    expect(table.stdout).toMatch(/app\.full +shop\.\* +app\.\* +remote +0 4 \* \* \* +false/)

    expect(await daybook(['handlers', 'rm', 'app.full'])).toMatchObject({ code: 2, stdout: '' })
    const typing = { after: '[y/N] ', text: 'y\n' }
    const removed = await runOnTerminal(['handlers', 'rm', 'app.full'], { env: reach(), typing })
    expect(removed.stdout).toContain('Delete handler app.full? [y/N]')
    expect(await daybook(['handlers', 'show', 'app.full'])).toMatchObject({ code: 1 })
    expect(await daybook(['handlers', 'rm', 'app.full', '--yes'])).toMatchObject({ code: 1 })
  })

  const webhook = (name: string) => [
    'handlers',
    'add',
    name,
    '--sender',
    'x',
    '--webhook',
    'https://example.com/',
  ]
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

  test('of a webhook get a secret that is shown once, unless they are given one', async () => {
    const made = await daybook(webhook('hook.made'))
    expect(rowsOf(made)[0]?.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(made.stderr).toContain('Keep the secret')
    expect(JSON.stringify(await done(['handlers', 'show', 'hook.made']))).not.toContain('whsec_')

    await writeFile(file('secret'), `${secret}\n`)
    const given = [
      await daybook([...webhook('hook.file'), '--secret-file', file('secret')]),
      await daybook([...webhook('hook.stdin'), '--secret-stdin'], `${secret}\r\n`),
    ]
    for (const { code, stdout, stderr } of given) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain('whsec_')
    }
  })

  test.each([
    ['no target', []],
    ['two targets', ['--remote', '--script', 'echo']],
    ['a secret of no webhook', ['--remote', '--secret-stdin']],
    ['two secrets', ['--webhook', 'https://example.com/', '--secret-stdin', '--secret-file', 'x']],
    ['a time zone without a schedule', ['--remote', '--tz', 'UTC']],
    ['a retry that is no number', ['--remote', '--retry', 'some']],
  ])('with %s are a usage fault, and exit 2', async (_name, options) => {
    const ran = await daybook(['handlers', 'add', 'app.bad', '--sender', 'x', ...options])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).not.toBe('')
  })
})

describe('workers', () => {
  test('are added, run, changed, listed, shown and deleted', async () => {
    await writeFile(file('env.json'), '{"secrets":{"key":"hidden"},"greeting":"hi"}')
    const limits = ['--max-run-time', '5s', '--max-heap-size', '4194304', '--runtime-clean-time', '1m']
    const more = [
      '--route',
      'whole',
      '--env',
      `@${file('env.json')}`,
      '--fetch-host',
      'a.example',
      'b.example',
      '--open-env',
      'greeting',
    ]
    const [added] = await done(['workers', 'add', 'whole', file('good.js'), ...limits, ...more])
    expect(added).toMatchObject({
      name: 'whole',
      route_name: 'whole',
      env: { secrets: { key: '***' }, greeting: 'hi' },
      max_run_time: 5000,
      max_heap_size: 4194304,
      runtime_clean_time: 60_000,
      fetch_hosts: ['a.example', 'b.example'],
      open_env: ['greeting'],
    })
    expect(await done(['workers', 'run', 'whole', '{"n":1}'])).toMatchObject([
      { js_worker_name: 'whole', result: { params: { n: 1 }, env: { greeting: 'hi' } }, error_message: null },
    ])
    expect(await done(['workers', 'run', 'whole', '--run-type', 'cron'])).toMatchObject([
      { run_type: 'cron', result: 'by the clock' },
    ])

    const update = [
      'workers',
      'update',
      'whole',
      '--no-route',
      '--no-fetch-host',
      '--no-open-env',
      '--cron',
      '@daily',
    ]
    expect(await done(update)).toMatchObject([
      {
        route_name: null,
        fetch_hosts: null,
        open_env: null,
        schedule: { cron: '@daily' },
        max_run_time: 5000,
      },
    ])
    expect(await done(['workers', 'update', 'whole', '--no-cron'])).toMatchObject([{ schedule: null }])
    expect(await daybook(['workers', 'update', 'whole'])).toMatchObject({ code: 2 })

    const shown = await done(['workers', 'show', 'whole'])
    expect(Buffer.from(String(shown[0]?.js_script_base64), 'base64').toString()).toBe(script)
    const people = await onTerminal(['workers', 'show', 'whole'])
    expect(people.stdout).toMatch(/max_run_time +5\.00 s\n/)
    expect(people.stdout).toContain("  async onCron() { return 'by the clock' },\n")
    const list = await onTerminal(['workers', 'list'])
    expect(list.stdout).toMatch(/\nwhole {2}/)

    expect(await daybook(['workers', 'rm', 'whole'])).toMatchObject({ code: 2, stdout: '' })
    await done(['workers', 'rm', 'whole', '--yes'])
    expect(await daybook(['workers', 'show', 'whole'])).toMatchObject({ code: 1 })
  })

  test('whose run fails or has not ended exit 1 with the record; --no-wait only gives its id', async () => {
    const failed = await daybook(['workers', 'run', 'echo', '-'], '{"fail":true}')
    expect(failed).toMatchObject({ code: 1, stderr: 'daybook: the run failed\n' })
    expect(String(rowsOf(failed)[0]?.error_message)).toContain('told to')
    const early = await daybook(['workers', 'run', 'echo', '{"ms":500}', '--wait', '0'])
    expect(early).toMatchObject({ code: 1, stderr: 'daybook: the run has not ended yet\n' })
    const unwaited = await done(['workers', 'run', 'echo', '--no-wait'])
    expect(unwaited).toEqual([{ id: expect.any(Number) }])
  })

  test.each([
    ['add', 'new'],
    ['update', 'echo'],
  ])('%s shows where the syntax of a script is wrong', async (verb, name) => {
    const ran = await daybook(['workers', verb, name, file('bad.js')])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/bad\.js:2:\d+: SyntaxError: [^()]+\n$/)
  })

  test.each([
    [['add', 'new', '/no/such/file.js'], 1],
    [['add', 'new'], 2],
    [['run', 'echo', '{"n":'], 2],
    [['run', 'nobody'], 1],
  ])('%j exits %d', async (args, code) => {
    const ran = await daybook(['workers', ...args])
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).not.toBe('')
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/async/clock.ts'
import { runCommand } from '../../../src/cli/run.ts'
import { createClient } from '../../../src/client/client.ts'
import { startReceiver, temporaryFolder } from '../../sink/sink-setup.ts'
import { secrets, startTestApp, type TestApp } from '../../wire/support/app.ts'
import { makeFolder } from '../daybook.ts'

let app: TestApp
let folder: Awaited<ReturnType<typeof makeFolder>>

beforeAll(async () => {
  folder = await makeFolder()
  const env = { DAYBOOK_OUTBOUND_ALLOW: '127.0.0.1', DAYBOOK_DATA: folder.path }
  app = await startTestApp('postgres', { env })
})
afterAll(async () => {
  await app.close()
  await folder.remove()
})

interface Ran {
  readonly code: number
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly errors: string
}

/** Runs `daybook sinks` with `args`, its output no terminal. */
async function sinks(
  args: readonly string[],
  input = '',
  isTerminal = false,
): Promise<Ran & { out: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const written = [text(stdout), text(stderr)]
  const code = await runCommand(['sinks', ...args], {
    env: { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root, NO_COLOR: '1' },
    stdin: Readable.from([Buffer.from(input)]) as NodeJS.ReadStream,
    stdout: Object.assign(stdout, { isTTY: isTerminal, columns: 120 }) as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    clock: systemClock,
  })
  stdout.end()
  stderr.end()
  const [out = '', errors = ''] = await Promise.all(written)
  const lines = isTerminal ? [] : out.split('\n').filter(line => line !== '')
  return { code, rows: lines.map(line => JSON.parse(line)), errors, out }
}

/** The rows of a command that must succeed. */
async function done(...args: readonly string[]): Promise<Ran['rows']> {
  const ran = await sinks(args)
  expect(ran.code, ran.errors).toBe(0)
  return ran.rows
}

async function statusWhen(name: string, delivered: number): Promise<unknown> {
  return vi.waitUntil(
    async () => {
      const [status] = await done('status', name)
      return status?.delivered === delivered && status
    },
    { timeout: 10_000, interval: 50 },
  )
}

function record(worker: string): Promise<readonly number[]> {
  const client = createClient({ url: app.url, token: secrets.root })
  return client.append('js-result', [{ js_worker_name: worker, run_type: 'call' }])
}

const metric = async (line: RegExp): Promise<string | undefined> => {
  const metrics = await (await fetch(`${app.url}/metrics`)).text()
  return line.exec(metrics)?.[1]
}

test('a sink is made, looked at, paused, resumed and deleted, and sends what its conditions say', async () => {
  const receiver = await startReceiver()
  const headers = join(await temporaryFolder(), 'headers')
  await writeFile(headers, '{"x-key":"s3cret-header"}')
  const conditions = ['js_worker_name_like=sent*', '{"not":"is_failure"}']
  const options = ['--webhook', receiver.target.url, '--headers', `@${headers}`, '--batch-size', '7']
  const [made] = await done('add', 'hook', 'js-result', ...conditions, ...options)
  expect(made).toEqual({ id: expect.any(Number), secret: expect.stringMatching(/^whsec_/) })
  await record('sent.a')
  await record('other')
  expect(await statusWhen('hook', 1)).toMatchObject({
    state: 'running',
    lag: expect.any(Number),
    failures: 0,
  })
  expect(receiver.posts[0]?.headers).toMatchObject({
    'x-key': 's3cret-header',
    'webhook-signature': expect.stringMatching(/^v1,/),
  })

  expect(await done('pause', 'hook')).toEqual([{ success: true }])
  await record('sent.b')
  await vi.waitUntil(async () => Number(await metric(/daybook_sink_lag\{sink="hook"\} (\d+)/)) >= 1)
  expect(await metric(/daybook_sink_running\{sink="hook"\} (\d)/)).toBe('0')
  expect(await done('list')).toEqual([
    expect.objectContaining({
      name: 'hook',
      state: 'paused',
      batch_size: 7,
      query: { condition: [{ js_worker_name_like: 'sent*' }, { not: 'is_failure' }] },
      target: { webhook: { url: receiver.target.url, secret: '***', headers: { 'x-key': '***' } } },
    }),
  ])
  const table = await sinks(['list'], '', true)
  expect(table.out).toMatch(/^name +resource +target +format +state\nhook +js-result +webhook http/)
  await done('resume', 'hook')
  await statusWhen('hook', 2)
  expect(await done('remove', 'hook', '--yes')).toEqual([{ success: true }])
  expect(await done('list')).toEqual([])
  expect(await metric(/daybook_sink_lag\{sink="(hook)"\}/)).toBeUndefined()
  expect(app.log.join()).not.toContain('s3cret')
})

test('a sink that writes a file begins where it is told to', async () => {
  await record('file')
  await done(
    'add',
    'file',
    'js-result',
    'js_worker_name=file',
    '--file',
    'out',
    '--keep',
    '3',
    '--after',
    '0',
  )
  await statusWhen('file', 1)
  const lines = (await readFile(join(folder.path, 'sinks', 'out.ndjson'), 'utf8')).trim().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual([
    { sequence_number: expect.any(Number), row: expect.objectContaining({ js_worker_name: 'file' }) },
  ])
  await done('remove', 'file', '--yes')
})

test('a change event is sent in its envelope', async () => {
  await done('add', 'events', 'change-event', 'full_folder_path=a', '--file', 'events')
  const client = createClient({ url: app.url, token: secrets.root })
  await client.call('change-event_publish', {
    events: [{ body: { EventType: 'machine.deleted', FolderName: 'a', Machine: machine } }],
  })
  await statusWhen('events', 1)
  const [line = ''] = (await readFile(join(folder.path, 'sinks', 'events.ndjson'), 'utf8')).split('\n')
  const item = JSON.parse(line)
  expect(item).toMatchObject({
    envelope: {
      body: { EventType: 'machine.deleted', Machine: machine },
      'x-opt-sequence-number': item.sequence_number,
    },
  })
  await done('remove', 'events', '--yes')
})

const machine = {
  MachineId: 1,
  MachineName: 'm',
  MachineKey: '0b2a8b0c-6b3c-4b1e-9f0a-0c8f4f1f2a3b',
  NonProductionSlots: 0,
  HeadlessSlots: 0,
  AutomationCloudSlots: 0,
  UnattendedSlots: 0,
}

const nats = ['--nats', 'localhost:1', '--subject', 's']

test.each([
  [['add', 'a', 'js-result'], 2, '--webhook, --nats and --file'],
  [['add', 'a', 'js-result', '--secret-stdin'], 2, '--webhook, --nats and --file'],
  [['add', 'a', 'js-result', '--file', 'f', ...nats], 2, 'one of'],
  [['add', 'a', 'js-result', '--file', 'f', '--subject', 's'], 2, '--subject'],
  [['add', 'a', 'js-result', '--webhook', 'https://example.com', '--max-bytes', '1'], 2, '--max-bytes'],
  [['add', 'a', 'js-result', '--nats', 'localhost:1'], 2, '--subject'],
  [['add', 'a', 'js-result', ...nats, '--user', 'u'], 2, '--secret-file'],
  [['add', 'a', 'nope', '--file', 'f'], 2, 'nope'],
  [['add', 'a', 'js-result', 'last', '--file', 'f'], 1, 'query.condition[0]'],
  [['add', 'a', 'js-result', '--file', '../f'], 1, 'target.file.name'],
  [['pause', 'absent'], 1, 'sink_not_found'],
  [['remove', 'absent', '--yes'], 1, 'sink_not_found'],
  [['remove', 'absent'], 2, '--yes'],
])('%j fails with %i', async (args, code, message) => {
  const ran = await sinks(args)
  expect(ran.code).toBe(code)
  expect(ran.errors).toContain(message)
  expect(ran.rows).toEqual([])
})

test('the secret of NATS comes from a file or stdin', async () => {
  const ways = [
    [[], { token: '***' }],
    [['--user', 'u'], { user: 'u', password: '***' }],
  ] as const
  for (const [flags, shown] of ways) {
    const added = await sinks(['add', 'n', 'js-result', ...nats, ...flags, '--secret-stdin'], 's3cret-nats\n')
    expect(added.code, added.errors).toBe(0)
    expect(added.rows).toEqual([{ id: expect.any(Number) }])
    const [sink] = await done('list')
    expect(sink?.target).toEqual({
      nats: { servers: ['localhost:1'], subject: 's', stream: null, ...shown },
    })
    await done('remove', 'n', '--yes')
  }
})

/**
 * Does what every block of README and of the pages in docs says, word for word and in order, in an empty folder beside a server that was started as it
 * says. What is shown as an answer is compared. A block that is neither run nor listed below is a failure.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { type Block, isShownAs, readBlocks } from './readme-blocks.ts'
import { run, runUntil } from './readme-process.ts'
import { type Answer, type ReadmeServer, startServer } from './readme-server.ts'

/** Blocks and lines that cannot be run, by how they begin, and why. */
const cannotRun: ReadonlyMap<string, string> = new Map([
  ['server_name: n1', 'the configuration of another program'],
  ['nats stream add', 'needs the command of NATS and a cluster'],
  ['daybook --profile prod token list', 'there is no server at the address that it was given'],
])

/** Lines that go on until they are stopped: they are run until they have shown something. */
const isEndless = (line: string): boolean => /^(?:curl -N|daybook tail) |--watch /.test(line)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'daybook-example-'))
const blocks = readBlocks(root)
const used = new Set<string>()

function prepareFolder(): NodeJS.ProcessEnv {
  // What `alias daybook=…` is for a person, without leaving the folder.
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'daybook'), `#!/bin/sh\nexec node '${join(root, 'src/main.ts')}' "$@"\n`)
  chmodSync(join(bin, 'daybook'), 0o755)
  // The package as it is installed.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/daybook'))
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  const strict = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { checkJs: false },
    include: ['*.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(strict))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const nodeFolder = join(root, 'node_modules/.bin')
  return {
    ...process.env,
    PATH: [bin, nodeFolder, process.env.PATH].join(delimiter),
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
}

const env = prepareFolder()

/** Why the block or the line is not run; undefined when it is. */
function reasonAgainst(text: string): string | undefined {
  for (const [begin, reason] of cannotRun) {
    if (!text.startsWith(begin)) continue
    used.add(begin)
    return reason
  }
  return undefined
}

/** Records an event that failed and one that runs, so that what follows them has something to show. */
async function recordEvents(server: ReadmeServer): Promise<void> {
  const row = {
    full_name: 'events.Fails',
    event_type: 'events.NormalType',
    sender: 'shop.cart',
    run_type: 'send',
  }
  const failed = { ...row, status: 'fail', error_message: 'no such order' }
  await server.call('event-log_append', { rows: [failed, { ...row, status: 'running' }] })
}

async function runShell(server: ReadmeServer, text: string): Promise<string> {
  const lines = text.split('\n').filter(line => reasonAgainst(line) === undefined)
  const { stdout } = await run('bash', ['-euc', lines.filter(line => !isEndless(line)).join('\n')], {
    cwd: folder,
    env,
  })
  for (const line of lines.filter(isEndless)) {
    await runUntil(
      'bash',
      ['-euc', `exec ${line}`],
      { cwd: folder, env, isEnough: output => output !== '' },
      () => recordEvents(server),
    )
  }
  return stdout
}

/** The last thing that a shell block said, which the block behind it shows. */
let said = ''

function requireSaid(block: Block): void {
  assert.equal(said.trim(), block.text.trim())
}

/** An answer a line: the worker, the handler, the event, its record three times, its js-result record, its chain. */
function requireEvents(output: string): void {
  const answers = output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Answer)
  assert.deepEqual(
    answers.map(answer => answer.error),
    answers.map(() => undefined),
  )
  const results = answers.map(answer => answer.result)
  const rows = results.slice(3, 7).flatMap(result => result as Record<string, unknown>[])
  assert.deepEqual(
    rows.slice(0, 3).map(row => row.status),
    ['waiting', 'running', 'success'],
  )
  assert.deepEqual(rows[2]?.result, { total: 7 })
  assert.deepEqual(rows[3]?.result, { total: 7 })
  const chain = results[7] as { status: string; nodes: { full_name: string; depth: number }[] }
  assert.equal(chain.status, 'success')
  assert.deepEqual(
    chain.nodes.map(node => [node.full_name, node.depth]),
    [['events.Totals', 0]],
  )
}

/** A new server on the other port, and the records that the block moves to it. */
async function runMove(server: ReadmeServer, block: Block): Promise<void> {
  const other = await startServer(root, join(folder, 'new'), 7412)
  try {
    await runShell(server, block.text)
    for (const resource of ['js-result', 'event-log', 'change-event']) {
      const query = { query: { condition: [] } }
      const [from, to] = await Promise.all(
        [server, other].map(each => each.call(`${resource}_count`, query) as Promise<{ count: number }>),
      )
      assert.ok(from !== undefined && from.count > 0 && to?.count === from.count, resource)
    }
  } finally {
    await other.stop()
  }
}

/** The envelope that is shown is one of those that a run of the script yields. */
async function requireEnvelope(server: ReadmeServer, block: Block): Promise<void> {
  const source = Buffer.from('export default { onCall: () => 1 }').toString('base64')
  await server.call('js-worker_create', { name: 'demo_worker', js_script_base64: source })
  await server.call('js-worker_run', { js_script_name: 'demo_worker', params: null, wait_ms: 30_000 })
  const shown: unknown = JSON.parse(block.text)
  for (;;) {
    const query = {
      condition: [{ full_folder_path: 'js-worker/demo_worker' }, { event_type: 'job.started' }],
    }
    const found = (await server.call('change-event_envelopes', { query })) as { envelopes: unknown[] }
    if (found.envelopes.length === 0) continue
    assert.ok(found.envelopes.some(each => isShownAs(shown, each)))
    return
  }
}

/**
 * Sends the first line over a WebSocket. What comes is shown by the lines behind it; a heartbeat and an end, which take
 * long, are not waited for.
 */
async function requireSubscription(server: ReadmeServer, block: Block): Promise<void> {
  const [request = '', ...lines] = block.text.trim().split('\n')
  const shown = lines.map(line => JSON.parse(line) as unknown)
  const missing = new Set(shown.filter((_, i) => !/heartbeat|end(?:ed)?"/.test(lines[i] ?? '')))
  // More changes than the number that it goes on behind.
  for (let i = 0; i < 21; i++) await recordEvents(server)
  const socket = new WebSocket(server.url.replace('http', 'ws'))
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('open', () =>
        socket.send(request.replace('"token":"…"', `"token":${JSON.stringify(server.token)}`)),
      )
      socket.on('error', reject)
      socket.on('message', data => {
        const message: unknown = JSON.parse(String(data))
        const line = shown.find(each => isShownAs(each, message))
        if (line === undefined) reject(new Error(`not as the README shows: ${data}`))
        missing.delete(line)
        if (missing.size === 0) resolve()
      })
    })
  } finally {
    socket.close()
  }
}

// The command line finds the token by itself; where it does not, the README has to say so.
const withToken = (server: ReadmeServer): NodeJS.ProcessEnv => ({ ...env, DAYBOOK_TOKEN: server.token })

const tsc = join(root, 'node_modules/.bin/tsc')

/** The program is checked as strictly as ours are, and runs until it has shown a record and a change. */
async function runTypeScript(server: ReadmeServer, block: Block): Promise<void> {
  writeFileSync(join(folder, 'example.ts'), block.text)
  const checked = await run(tsc, ['--noEmit', '-p', folder], { cwd: folder, env }).catch(
    (error: { stdout: string }) => assert.fail(error.stdout),
  )
  assert.equal(checked.stdout, '')
  const isEnough = (output: string) =>
    /^recorded as \d+$/m.test(output) && /^\S+ no such order$/m.test(output)
  await runUntil('node', ['example.ts'], { cwd: folder, env: withToken(server), isEnough }, () =>
    recordEvents(server),
  )
}

/** The remote worker carries out an event, and ends when it is told to. */
async function runWorker(server: ReadmeServer, block: Block): Promise<void> {
  writeFileSync(join(folder, 'worker.js'), block.text)
  await runShell(server, 'daybook handlers add app.on_order --sender shop --remote')
  await server.call('event_send', { sender: 'shop', kwargs: { order: 7, to: 'ann@example.com' } })
  const isEnough = (output: string) => output.includes('mail about 7 to ann@example.com')
  const code = await runUntil('node', ['worker.js'], { cwd: folder, env: withToken(server), isEnough })
  assert.equal(code, 0)
}

type Play = (server: ReadmeServer, block: Block) => unknown

/** Blocks that show something, or need more than to be run, by how they begin. */
const plays: readonly (readonly [begin: string, play: Play])[] = [
  // The server was started so.
  ['npm ci\nnpm start\n', (_, { text }) => assert.equal(text, 'npm ci\nnpm start\n')],
  ['{"jsonrpc":"2.0","result"', (_, block) => requireSaid(block)],
  ['rpc() {', async (server, { text }) => requireEvents(await runShell(server, text))],
  [
    '{"full_name": "events.Totals"',
    async (server, { text }) =>
      assert.ok(
        isShownAs(JSON.parse(text), await server.call('event-handler_read', { full_name: 'events.Totals' })),
      ),
  ],
  ['{"body":{"Job"', requireEnvelope],
  ['{"jsonrpc":"2.0","id":1,"method":"event-log_subscribe"', requireSubscription],
  [
    '[{"scopes"',
    (server, { text }) => server.call('token_create', { token_creation: { token_limit: JSON.parse(text) } }),
  ],
]

const byLanguage: Readonly<Record<string, Play>> = {
  async sh(server, block) {
    said = await runShell(server, block.text)
    if (block.text.startsWith('TOKEN=')) env.TOKEN = server.token
  },
  ts: runTypeScript,
  js: runWorker,
}

function playOf(block: Block): Play {
  const [begin, play] = plays.find(([begin]) => block.text.startsWith(begin)) ?? []
  if (begin !== undefined) used.add(begin)
  if (block.text.includes(':7412')) return runMove
  return (
    play ??
    byLanguage[block.language] ??
    assert.fail(`${block.page}:${block.line}: this block is neither run nor listed as one that cannot be`)
  )
}

await run('npm', ['run', '-s', 'build'], { cwd: root })
const server = await startServer(root, join(folder, '.daybook'), 7411)
try {
  writeFileSync(join(folder, 'token'), server.token)
  for (const block of blocks) {
    const where = `${block.page}:${block.line}`
    const reason = reasonAgainst(block.text)
    if (reason !== undefined) {
      console.log(`== ${where} is not run: ${reason}`)
      continue
    }
    console.log(`== ${where}`)
    await playOf(block)(server, block)
  }
  const unused = [...cannotRun.keys(), ...plays.map(([begin]) => begin)].filter(begin => !used.has(begin))
  assert.deepEqual(unused, [], 'these are in no page any more')
  console.log(`all ${blocks.length} blocks of README and docs do what they say`)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

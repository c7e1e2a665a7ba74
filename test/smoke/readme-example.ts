/**
 * Does what the README's first two examples say, word for word, in an empty folder, and compares what they show.
 * Exits 1 on the first difference.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

interface Block {
  readonly language: string
  readonly text: string
}

function readBlocks(): readonly Block[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}

/** The server as `npm start` starts it, once it says where it listens. */
async function startServer(folder: string): Promise<ChildProcess> {
  const env = { ...process.env, DAYBOOK_DATA: join(folder, '.daybook') }
  const server = spawn('npm', ['start'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = once(server, 'exit').then(() => assert.fail('the server ended'))
  const listening = new Promise<void>(resolve => {
    server.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      if (chunk.includes('listens on')) resolve()
    })
  })
  await Promise.race([listening, ended])
  return server
}

/** As Ctrl-C in a terminal does: the signal goes to npm and to what it started. */
async function stopServer(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit')
  process.kill(-(server.pid ?? assert.fail('npm did not start')), 'SIGINT')
  await ended
}

interface Answer {
  readonly result?: unknown
  readonly error?: unknown
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

const [start, append, appended, query, queried, events] = readBlocks()
assert.equal(start?.text, 'npm ci\nnpm start\n')
assert.deepEqual(
  [append, appended, query, queried, events].map(block => block?.language),
  ['sh', 'json', 'sh', 'json', 'sh'],
)

const folder = mkdtempSync(join(tmpdir(), 'daybook-example-'))
const server = await startServer(folder)
try {
  const script = `${append?.text}\necho\n${query?.text}\necho\n`
  const { stdout } = await run('bash', ['-euc', script], { cwd: folder })
  process.stdout.write(stdout)
  assert.equal(stdout.trim().replace(/\n+/g, '\n'), `${appended?.text}${queried?.text}`.trim())
  console.log('the README example answers as documented')

  const example = await run('bash', ['-euc', events?.text ?? ''], { cwd: folder })
  process.stdout.write(example.stdout)
  requireEvents(example.stdout)
  console.log('the event of the README goes from waiting to success as documented')
} finally {
  await stopServer(server)
  rmSync(folder, { recursive: true, force: true })
}

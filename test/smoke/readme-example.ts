/**
 * Does what the README's first example says, word for word, in an empty folder, and compares what it shows.
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

const [start, append, appended, query, queried] = readBlocks()
assert.equal(start?.text, 'npm ci\nnpm start\n')
assert.deepEqual(
  [append?.language, appended?.language, query?.language, queried?.language],
  ['sh', 'json', 'sh', 'json'],
)

const folder = mkdtempSync(join(tmpdir(), 'daybook-example-'))
const server = await startServer(folder)
try {
  const script = `${append?.text}\necho\n${query?.text}\necho\n`
  const { stdout } = await run('bash', ['-euc', script], { cwd: folder })
  process.stdout.write(stdout)
  assert.equal(stdout.trim().replace(/\n+/g, '\n'), `${appended?.text}${queried?.text}`.trim())
  console.log('the README example answers as documented')
} finally {
  await stopServer(server)
  rmSync(folder, { recursive: true, force: true })
}

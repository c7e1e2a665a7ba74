import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { systemClock } from '../../src/async/clock.ts'
import { runCommand } from '../../src/cli/run.ts'
import { fillDataFolder } from '../support/data-folder.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Stdout is a terminal of so many cells a line. */
  readonly columns?: number
}

/** The environment of a child: ours without any setting of Daybook, so that a test says what it relies on; no profile either. */
function childEnv(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(DAYBOOK_|DATABASE_|PG|PORT$|HOST$|LOG_)/.test(name),
  )
  return { ...Object.fromEntries(own), NO_COLOR: '1', XDG_CONFIG_HOME: '/none', ...env }
}

/** Runs `daybook` with `args` in this process, to its end. */
export async function runDaybook(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, input = '', columns } = options
  const [stdout, stderr] = [collect(), collect()]
  if (columns !== undefined) Object.assign(stdout.stream, { isTTY: true, columns })
  const code = await runCommand(args, {
    env: childEnv(env),
    stdin: Readable.from([Buffer.from(input)]) as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    clock: systemClock,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** A standard stream that is no terminal unless it is made one, and all that was written to it. */
function collect(): { readonly stream: NodeJS.WriteStream; text(): string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream: stream as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString() }
}

/** The same as a process of its own, where that is what a test is about. */
export function startDaybook(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runToEnd(process.execPath, [main, ...args], options)
}

export interface Typing {
  /** What somebody waits for on the screen before typing. */
  readonly after: string
  readonly text: string
}

/** Runs `daybook` with `args` on a terminal of 160 columns and 24 rows, made by script(1). */
export function runOnTerminal(
  args: readonly string[],
  options: RunOptions & { readonly typing?: Typing } = {},
): Promise<Ran> {
  const words = [process.execPath, main, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`)
  return runToEnd('script', ['-qec', `stty cols 160 rows 24 -echo; ${words.join(' ')}`, '/dev/null'], options)
}

function runToEnd(
  file: string,
  args: readonly string[],
  options: RunOptions & { readonly typing?: Typing },
): Promise<Ran> {
  const { env = {}, input = '', typing } = options
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: childEnv(env) })
    let stdout = ''
    let stderr = ''
    // A command that does not read its input may have ended before all of it is written.
    child.stdin.on('error', () => {})
    child.stdout.setEncoding('utf8').on('data', chunk => {
      const isNew = typing !== undefined && !stdout.includes(typing.after)
      stdout += chunk
      if (isNew && stdout.includes(typing.after)) child.stdin.write(typing.text)
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr }))
    if (typing === undefined) child.stdin.end(input)
  })
}

export interface ServedDaybook {
  readonly url: string
  /** What it said until it listened. */
  readonly welcome: string
  /** Ends it by SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts `daybook serve` on a free port as a process of its own; resolves when it listens. */
export function serveDaybook(dataDir: string): Promise<ServedDaybook> {
  const env = childEnv({ DAYBOOK_DATA: dataDir, PORT: '0', LOG_LEVEL: 'warn' })
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.stdout.on('data', chunk => {
      stdout += chunk
      const url = /listens on (\S+)/.exec(stdout)?.[1]
      if (url === undefined || !stdout.includes('curl')) return
      const stop = (): Promise<number | null> => {
        child.kill('SIGTERM')
        return ended
      }
      resolve({ url, welcome: stdout, stop })
    })
    ended.then(code => reject(new Error(`serve ended with ${code}: ${stderr}`)))
  })
}

export interface Folder {
  readonly path: string
  remove(): Promise<void>
}

/** A data folder of its own, for a server that need not make its database. */
export async function makeFolder(): Promise<Folder> {
  const folder = await makeEmptyFolder()
  await fillDataFolder(folder.path)
  return folder
}

export async function makeEmptyFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'daybook-cli-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

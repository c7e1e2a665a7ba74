import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const main = resolve(import.meta.dirname, '../../src/main.ts')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly cwd?: string
}

/** The environment of a child: ours without any setting of Daybook, so that a test says what it relies on. */
function childEnv(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(DAYBOOK_|DATABASE_|PORT$|HOST$|LOG_LEVEL$)/.test(name),
  )
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...env }
}

/** Runs `daybook` with `args` as a process of its own, to its end. */
export function runDaybook(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runToEnd(process.execPath, [main, ...args], options)
}

export interface Typing {
  /** What somebody waits for on the screen before typing. */
  readonly after: string
  readonly text: string
}

/** Runs `daybook` with `args` on a terminal of 160 columns, made by script(1). */
export function runOnTerminal(
  args: readonly string[],
  options: RunOptions & { readonly typing?: Typing } = {},
): Promise<Ran> {
  const words = [process.execPath, main, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`)
  return runToEnd('script', ['-qec', `stty cols 160 -echo; ${words.join(' ')}`, '/dev/null'], options)
}

function runToEnd(
  file: string,
  args: readonly string[],
  options: RunOptions & { readonly typing?: Typing },
): Promise<Ran> {
  const { env = {}, input = '', cwd, typing } = options
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: childEnv(env), ...(cwd !== undefined && { cwd }) })
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

/** A folder of its own, and what removes it. */
export async function makeFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'daybook-cli-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

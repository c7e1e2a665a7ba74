import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { fillDataFolder } from '../support/data-folder.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')

/** The super token of every server that is not told to make its own. */
export const superToken = `${'A'.repeat(16)}:${'b'.repeat(32)}`

export type Variables = Readonly<Record<string, string | undefined>>

/** How a process ended: its exit code, or the signal that killed it. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** `daybook serve` in a process of its own. */
export interface DaybookProcess {
  readonly url: string
  readonly pid: number
  readonly ended: Promise<Ending>
  isRunning(): boolean
  signal(name: NodeJS.Signals): void
  /** SIGKILL, and the wait for its end. */
  kill(): Promise<void>
  /** All that it has written to stdout. */
  output(): string
  /** All that it has written to stderr. */
  errors(): string
}

/** Starts a server on a free port; resolves when it listens. Throws Error, with what it wrote, when it ends instead. */
export function startDaybook(variables: Variables): Promise<DaybookProcess> {
  return whenListening(spawnDaybook(variables))
}

/**
 * The same for one test: it is killed, if it still runs, when the test ends. `enter`: a command that becomes the one that
 * is appended to it.
 */
export function serveDaybook(variables: Variables, enter: readonly string[] = []): Promise<DaybookProcess> {
  const spawned = spawnDaybook(variables, enter)
  onTestFinished(spawned.kill)
  return whenListening(spawned)
}

/** A data folder that is removed when the test ends. */
export async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-trust-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The same, with a database that its server need not make. */
export async function filledFolder(): Promise<string> {
  const folder = await dataFolder()
  await fillDataFolder(folder)
  return folder
}

function spawnDaybook(variables: Variables, enter: readonly string[] = []): Omit<DaybookProcess, 'url'> {
  const [command = '', ...parameters] = [...enter, process.execPath, main, 'serve']
  const child = spawn(command, parameters, {
    env: childVariables(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // A test run that is broken off must not leave a server behind.
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  child.once('exit', () => process.off('exit', killNow))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Ending)
  return {
    pid: child.pid ?? 0,
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    signal: name => void child.kill(name),
    async kill() {
      killNow()
      await ended
    },
    output: collect(child.stdout),
    errors: collect(child.stderr),
  }
}

async function whenListening(spawned: Omit<DaybookProcess, 'url'>): Promise<DaybookProcess> {
  const { isRunning, output, errors, ended } = spawned
  for (;;) {
    // Whole lines only: a chunk may end within the port.
    const url = /listens on (\S+)\n/.exec(output())?.[1]
    if (url !== undefined) return { ...spawned, url }
    if (!isRunning()) throw new Error(`the server ended with ${(await ended).code}: ${errors()}`)
    await Promise.race([sleep(20), ended])
  }
}

/** None of the settings of whoever runs the tests. */
function childVariables(variables: Variables): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    PORT: '0',
    LOG_LEVEL: 'warn',
    DAYBOOK_SUPER_TOKEN: superToken,
    ...variables,
  }
}

function collect(stream: ChildProcess['stdout']): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  return () => text
}

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const main = resolve(import.meta.dirname, '../../src/main.ts')

/** A `daybook` that goes on until it is told to stop. */
export interface Running {
  readonly stdout: () => string
  readonly stderr: () => string
  /** Sends a signal; resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Nobody reads its output any more. */
  closeStdout(): void
  readonly ended: Promise<number | null>
}

/** Starts `daybook` with `args`, and no setting but those of `env`; it is killed with the test. */
export function startRunning(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: '/none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', chunk => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  const ended = new Promise<number | null>(end => child.once('close', end))
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    stop(signal = 'SIGINT') {
      child.kill(signal)
      return ended
    },
    closeStdout: () => void child.stdout.destroy(),
  }
}

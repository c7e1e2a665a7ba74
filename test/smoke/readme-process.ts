import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Runs a program to its end; rejects when it fails. */
export const run = promisify(execFile)

/** How often a program is given something to say before it is given up. */
const maxPrompts = 200

export interface UntilOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Whether what it has written to stdout so far is all that is waited for. */
  readonly isEnough: (output: string) => boolean
}

/**
 * Runs a program that does not end by itself until it has said enough, then stops it with SIGTERM. Meanwhile `prompt` is
 * called again and again. Resolves to its exit code; null when the signal ended it.
 */
export async function runUntil(
  command: string,
  args: readonly string[],
  { cwd, env, isEnough }: UntilOptions,
  prompt: () => Promise<void> = async () => undefined,
): Promise<number | null> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit') as Promise<[number | null]>
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    output += chunk
  })
  for (let prompts = 0; !isEnough(output); prompts++) {
    assert.equal(child.exitCode, null, `${command} ${args.join(' ')} ended`)
    if (prompts === maxPrompts) child.kill('SIGTERM')
    assert.ok(prompts < maxPrompts, `${command} ${args.join(' ')} says nothing`)
    await prompt()
    await sleep(200)
  }
  child.kill('SIGTERM')
  return (await ended)[0]
}

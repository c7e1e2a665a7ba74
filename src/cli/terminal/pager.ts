import { spawn } from 'node:child_process'
import type { Surroundings } from '../argument/surroundings.ts'

const usual = 'less -FRX'

/**
 * Shows lines a screen at a time, through PAGER or less. Resolves to false when nothing was shown, because they fit the
 * screen or there is no pager.
 */
export function showThroughPager(
  lines: readonly string[],
  { env, stdout }: Pick<Surroundings, 'env' | 'stdout'>,
): Promise<boolean> {
  const pager = env.PAGER ?? usual
  const isShort = lines.length < (stdout.rows || 24)
  // A stream without a file descriptor cannot be handed to another process.
  const isOurs = !('fd' in stdout)
  if (isShort || isOurs || pager === '' || pager === 'cat') return Promise.resolve(false)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const child = spawn('sh', ['-c', pager], { env, stdio: ['pipe', stdout, 'inherit'] })
  // Ctrl-C is meant for the pager and must not end us while the pager owns the terminal.
  const ignore = (): void => {}
  process.on('SIGINT', ignore)
  const end = (isShown: boolean): void => {
    process.off('SIGINT', ignore)
    resolve(isShown)
  }
  child.once('error', () => end(false))
  // 127: the shell did not find the command.
  child.once('close', code => end(code !== 127))
  // A pager that is left early stops reading.
  child.stdin?.on('error', () => {})
  child.stdin?.end(lines.map(line => `${line}\n`).join(''))
  return promise
}

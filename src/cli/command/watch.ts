import { type Command, InvalidArgumentError } from 'commander'
import { pause } from '../../async/pause.ts'
import { DaybookConnectionError } from '../../client/client.ts'
import type { Session } from '../argument/session.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'

export interface WatchFlags {
  /** Seconds; true: the default. */
  readonly watch?: number | true | undefined
}

const usualSeconds = 2

export function addWatchOption(command: Command): Command {
  return command.option(
    '--watch [seconds]',
    `repeat every so many seconds (default ${usualSeconds}) until Ctrl-C`,
    parseSeconds,
  )
}

/** Calls `show` once, or with --watch repeatedly until Ctrl-C. A terminal is cleared each time. */
export async function showWatched(
  { watch }: WatchFlags,
  { output, stdout, presentation }: Session,
  show: () => Promise<void>,
): Promise<void> {
  if (watch === undefined) return show()
  const ms = (watch === true ? usualSeconds : watch) * 1000
  const { signal, release } = listenForInterrupt()
  const wipes = stdout.isTTY === true && presentation.format === 'table'
  try {
    while (!signal.aborted) {
      if (wipes) stdout.write('\u001b[H\u001b[2J')
      await showOrNote(show, output)
      await pause(ms, signal)
    }
  } finally {
    release()
  }
}

/** A server that is restarting may answer next time. */
async function showOrNote(show: () => Promise<void>, output: Session['output']): Promise<void> {
  try {
    await show()
  } catch (error) {
    if (!(error instanceof DaybookConnectionError)) throw error
    await output.note(error.message)
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.1 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('Expected seconds, from 0.1: conditions stand before --watch.')
}

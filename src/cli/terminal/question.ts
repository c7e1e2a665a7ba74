import { createInterface } from 'node:readline/promises'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from './failure.ts'
import { visibleText } from './visible-text.ts'

/** Whether a person is there to answer. */
export function canAsk({ stdin, stderr }: Surroundings): boolean {
  return stdin.isTTY === true && stderr.isTTY === true
}

/** Asks on the terminal, through stderr, so that stdout stays data. Only `y` and `yes` mean yes. */
export async function askYesNo(question: string, { stdin, stderr }: Surroundings): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    // Without it the end of input (Ctrl-D) would leave the question pending forever.
    const ended = new AbortController()
    lines.once('close', () => ended.abort())
    const answer = await lines.question(`${question} [y/N] `, { signal: ended.signal })
    return /^\s*y(es)?\s*$/i.test(answer)
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return false
    throw error
  } finally {
    lines.close()
  }
}

interface RemovalFlags {
  readonly yes?: true
}

/** Throws UsageError when --yes is missing and nobody is there to be asked. */
export function requireConfirmable({ yes }: RemovalFlags, surroundings: Surroundings): void {
  if (yes !== true && !canAsk(surroundings)) throw new UsageError('nobody to ask: add --yes to delete')
}

/** Whether `what`, e.g. `handler app.mail`, may be deleted: asks unless --yes was given. */
export async function confirmRemoval(
  what: string,
  { yes }: RemovalFlags,
  surroundings: Surroundings,
): Promise<boolean> {
  return yes === true || askYesNo(`Delete ${visibleText(what)}?`, surroundings)
}

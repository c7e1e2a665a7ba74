import { didYouMean, nearest } from '../../nearest.ts'

/** The command was called wrongly: its message goes to stderr, the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The command did its work and found a fault: its message goes to stderr, the exit code is 1. */
export class CommandFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandFailure'
  }
}

/** The end of a message about an unknown word: the nearest known one, else all of them. */
export function meantOrAll(word: string, words: readonly string[]): string {
  return didYouMean(nearest(word, words)) || `; there are: ${words.toSorted().join(', ')}`
}

/** Whether an error of Node has one of these codes, e.g. `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

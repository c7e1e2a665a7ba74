import type { Command } from 'commander'
import type { Surroundings } from './surroundings.ts'

/** Whether what a command finds is read by a person: stdout is a terminal, and --json was not given. */
export function isForPeople(command: Command, { stdout }: Surroundings): boolean {
  return stdout.isTTY === true && command.optsWithGlobals<{ json?: boolean }>().json !== true
}

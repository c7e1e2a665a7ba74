import type { Command } from 'commander'
import { programVersion } from '../version.ts'
import { writeLines } from './output.ts'
import type { Surroundings } from './surroundings.ts'

/** `daybook version`. */
export function addVersionCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('version')
    .description('print the version')
    .action(() => writeLines(surroundings.stdout, [programVersion()]))
}

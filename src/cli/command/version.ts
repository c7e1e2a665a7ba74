import type { Command } from 'commander'
import { programVersion } from '../../version.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { writeLines } from '../terminal/output.ts'

/** `daybook version`. */
export function addVersionCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('version')
    .description('print the version')
    .action(() => writeLines(surroundings.stdout, [programVersion()]))
}

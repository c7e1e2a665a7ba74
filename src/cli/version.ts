import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { writeLines } from './output.ts'
import type { Surroundings } from './surroundings.ts'

/** `daybook version`. */
export function addVersionCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('version')
    .description('print the version')
    .action(() => writeLines(surroundings.stdout, [packageVersion()]))
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

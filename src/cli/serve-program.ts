import { Command } from 'commander'
import { addSettingOptions } from './argument/server-options.ts'
import type { Surroundings } from './argument/surroundings.ts'
import { addServeCommand } from './command/serve.ts'
import { addGlobalDisplayOptions } from './terminal/presentation.ts'

/**
 * The `daybook` command with `serve` alone, to which `createProgram` adds the others: a server starts without loading them. Its faults
 * are thrown: nothing in it ends the process.
 */
export function createServeProgram(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings
  const program = new Command('daybook')
    .description('keeps the record of what workers, jobs, services and events did')
    .exitOverride()
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
    })
  addSettingOptions(program, 'DAYBOOK_URL', 'DAYBOOK_TOKEN', 'DAYBOOK_PROFILE')
  addGlobalDisplayOptions(program)
  addServeCommand(program, surroundings)
  return program
}

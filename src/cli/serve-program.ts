import { Command } from 'commander'
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
    .option('--url <url>', 'the server to speak to; else DAYBOOK_URL, else the one of this machine')
    .option('--token <credential>', 'what to present; else DAYBOOK_TOKEN, else the super-token file')
    .option('--profile <name>', 'the kept server to speak to; else DAYBOOK_PROFILE, else the one in use')
  addGlobalDisplayOptions(program)
  addServeCommand(program, surroundings)
  return program
}

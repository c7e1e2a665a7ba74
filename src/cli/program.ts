import { Command } from 'commander'
import { addAppendCommand } from './append.ts'
import { addCancelCommand } from './cancel.ts'
import { addChainCommand } from './chain.ts'
import { addCompletionCommand } from './completion.ts'
import { addCountCommand } from './count.ts'
import { addDeleteCommand } from './delete.ts'
import { addDoctorCommand } from './doctor.ts'
import { addExportCommand } from './export.ts'
import { addHandlersCommand } from './handlers.ts'
import { addHealthcheckCommand } from './healthcheck.ts'
import { addImportCommand } from './import.ts'
import { addMigrateCommand } from './migrate.ts'
import { addOpenrpcCommand } from './openrpc.ts'
import { addDisplayOptions, addGlobalDisplayOptions } from './presentation.ts'
import { addProfileCommand } from './profile.ts'
import { addQueryCommand } from './query.ts'
import { addReplayCommand } from './replay.ts'
import { addRetentionCommand } from './retention.ts'
import { addSendCommand } from './send.ts'
import { addServeCommand } from './serve.ts'
import { addSinksCommand } from './sinks.ts'
import type { Surroundings } from './surroundings.ts'
import { addTailCommand } from './tail.ts'
import { addTokenCommand } from './token.ts'
import { addVersionCommand } from './version.ts'
import { addWorkersCommand } from './workers.ts'

/** Every command, in the order in which the help lists them. */
const commands = [
  addServeCommand,
  addMigrateCommand,
  addDoctorCommand,
  addTokenCommand,
  addQueryCommand,
  addCountCommand,
  addTailCommand,
  addDeleteCommand,
  addAppendCommand,
  addExportCommand,
  addImportCommand,
  addSendCommand,
  addChainCommand,
  addReplayCommand,
  addCancelCommand,
  addHandlersCommand,
  addWorkersCommand,
  addRetentionCommand,
  addSinksCommand,
  addProfileCommand,
  addCompletionCommand,
  addOpenrpcCommand,
  addHealthcheckCommand,
  addVersionCommand,
]

const showNoRecords = new Set(['serve', 'tail', 'export', 'completion', 'openrpc', 'healthcheck', 'version'])

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

/** The `daybook` command. Its faults are thrown: nothing in it ends the process. */
export function createProgram(surroundings: Surroundings): Command {
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
  for (const add of commands) add(program, surroundings)
  for (const command of leavesOf(program)) {
    if (!showNoRecords.has(command.name())) addDisplayOptions(command)
  }
  return program
}

import type { Command } from 'commander'
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
import { addIndexCommand } from './indexes.ts'
import { addMigrateCommand } from './migrate.ts'
import { addOpenrpcCommand } from './openrpc.ts'
import { addDisplayOptions } from './presentation.ts'
import { addProfileCommand } from './profile.ts'
import { addQueryCommand } from './query.ts'
import { addReplayCommand } from './replay.ts'
import { addRetentionCommand } from './retention.ts'
import { addSendCommand } from './send.ts'
import { createServeProgram } from './serve-program.ts'
import { addSinksCommand } from './sinks.ts'
import type { Surroundings } from './surroundings.ts'
import { addTailCommand } from './tail.ts'
import { addTokenCommand } from './token.ts'
import { addVersionCommand } from './version.ts'
import { addWorkersCommand } from './workers.ts'

/** Every command but `serve`, in the order in which the help lists them. */
const commands = [
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
  addIndexCommand,
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
  const program = createServeProgram(surroundings)
  for (const add of commands) add(program, surroundings)
  for (const command of leavesOf(program)) {
    if (!showNoRecords.has(command.name())) addDisplayOptions(command)
  }
  return program
}

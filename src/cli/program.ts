import type { Command } from 'commander'
import { plainDefinitions } from '../definitions.ts'
import { stringifyJson } from '../json.ts'
import { programVersion } from '../version.ts'
import { inSession } from './argument/session.ts'
import type { Surroundings } from './argument/surroundings.ts'
import { addAppendCommand, addImportCommand } from './command/append.ts'
import { addChainCommand } from './command/chain.ts'
import { addCompletionCommand } from './command/completion.ts'
import { addDefinitionCommand } from './command/definition.ts'
import { addDeleteCommand } from './command/delete.ts'
import { addDoctorCommand } from './command/doctor.ts'
import { addExportCommand } from './command/export.ts'
import { addHandlersCommand } from './command/handlers.ts'
import { addHealthcheckCommand } from './command/healthcheck.ts'
import { addIndexCommand } from './command/indexes.ts'
import { addMigrateCommand } from './command/migrate.ts'
import { addProfileCommand } from './command/profile.ts'
import { addCountCommand, addQueryCommand } from './command/query.ts'
import { addCancelCommand, addReplayCommand } from './command/replay.ts'
import { addRetentionCommand } from './command/retention.ts'
import { addSendCommand } from './command/send.ts'
import { createServeProgram } from './command/serve.ts'
import { addSinksCommand } from './command/sinks.ts'
import { addTailCommand } from './command/tail.ts'
import { addTokenCommand } from './command/token.ts'
import { addWorkersCommand } from './command/workers.ts'
import { writeLines } from './terminal/output.ts'
import { addDisplayOptions } from './terminal/presentation.ts'

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

/** The `daybook` command. Faults are thrown: nothing here ends the process. */
export function createProgram(surroundings: Surroundings): Command {
  const program = createServeProgram(surroundings)
  for (const add of commands) add(program, surroundings)
  for (const definition of plainDefinitions) addDefinitionCommand(program, surroundings, definition)
  for (const command of leavesOf(program)) {
    if (!showNoRecords.has(command.name())) addDisplayOptions(command)
  }
  return program
}

/** `daybook openrpc`: the OpenRPC document of the server, as JSON. */
function addOpenrpcCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('openrpc')
    .description('print the OpenRPC document of the server')
    .action(
      inSession(surroundings, async ({ client, stdout }) =>
        writeLines(stdout, [stringifyJson(await client.call('rpc.discover', {}))]),
      ),
    )
}

function addVersionCommand(program: Command, { stdout }: Surroundings): void {
  program
    .command('version')
    .description('print the version')
    .action(() => writeLines(stdout, [programVersion()]))
}

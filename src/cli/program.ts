import type { Command } from 'commander'
import { stringifyJson } from '../json.ts'
import { programVersion } from '../version.ts'
import { inSession } from './argument/session.ts'
import type { Surroundings } from './argument/surroundings.ts'
import { createServeProgram } from './command/serve.ts'
import { writeLines } from './terminal/output.ts'
import { addDisplayOptions } from './terminal/presentation.ts'

type AddCommand = (program: Command, surroundings: Surroundings) => void

/** Every command but `serve`, in the order in which the help lists them. Each is loaded on its own, so that it starts fast. */
const commands: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['migrate', async () => (await import('./command/migrate.ts')).addMigrateCommand],
  ['doctor', async () => (await import('./command/doctor.ts')).addDoctorCommand],
  ['token', async () => (await import('./command/token.ts')).addTokenCommand],
  ['query', async () => (await import('./command/query.ts')).addQueryCommand],
  ['get', async () => (await import('./command/query.ts')).addGetCommand],
  ['count', async () => (await import('./command/query.ts')).addCountCommand],
  ['values', async () => (await import('./command/values.ts')).addValuesCommand],
  ['tail', async () => (await import('./command/tail.ts')).addTailCommand],
  ['delete', async () => (await import('./command/delete.ts')).addDeleteCommand],
  ['append', async () => (await import('./command/append.ts')).addAppendCommand],
  ['export', async () => (await import('./command/export.ts')).addExportCommand],
  ['import', async () => (await import('./command/append.ts')).addImportCommand],
  ['send', async () => (await import('./command/send.ts')).addSendCommand],
  ['chain', async () => (await import('./command/chain.ts')).addChainCommand],
  ['replay', async () => (await import('./command/replay.ts')).addReplayCommand],
  ['cancel', async () => (await import('./command/replay.ts')).addCancelCommand],
  ['handlers', async () => (await import('./command/handlers.ts')).addHandlersCommand],
  ['workers', async () => (await import('./command/workers.ts')).addWorkersCommand],
  ['retention', async () => (await import('./command/retention.ts')).addRetentionCommand],
  ['index', async () => (await import('./command/indexes.ts')).addIndexCommand],
  ['monitors', async () => (await import('./command/monitors.ts')).addMonitorsCommand],
  ['views', async () => (await import('./command/views.ts')).addViewsCommand],
  ['sinks', async () => (await import('./command/sinks.ts')).addSinksCommand],
  ['machines', async () => (await import('./command/machines.ts')).addMachinesCommand],
  ['profile', async () => (await import('./command/profile.ts')).addProfileCommand],
  ['completion', async () => (await import('./command/completion.ts')).addCompletionCommand],
  ['openrpc', async () => addOpenrpcCommand],
  ['healthcheck', async () => (await import('./command/healthcheck.ts')).addHealthcheckCommand],
  ['version', async () => addVersionCommand],
])

const showNoRecords = new Set(['serve', 'tail', 'export', 'completion', 'openrpc', 'healthcheck', 'version'])

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

/**
 * The `daybook` command with the subcommand of this name alone, or with all of them where there is none or where it
 * needs them. Faults are thrown: nothing here ends the process.
 */
export async function createProgram(surroundings: Surroundings, name = ''): Promise<Command> {
  const program = createServeProgram(surroundings)
  const load = name === 'completion' ? undefined : commands.get(name)
  if (load === undefined) await addAll(program, surroundings)
  else (await load())(program, surroundings)
  for (const command of leavesOf(program)) {
    if (!showNoRecords.has(command.name())) addDisplayOptions(command)
  }
  return program
}

async function addAll(program: Command, surroundings: Surroundings): Promise<void> {
  for (const load of commands.values()) (await load())(program, surroundings)
  const [{ plainDefinitions }, { addDefinitionCommand }] = await Promise.all([
    import('../definitions.ts'),
    import('./command/definition.ts'),
  ])
  for (const definition of plainDefinitions) addDefinitionCommand(program, surroundings, definition)
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

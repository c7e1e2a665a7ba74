import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { DaybookError, type ScriptWorker } from '../../client/client.ts'
import type { Reason } from '../../errors.ts'
import { jsWorker } from '../../js-worker/worker.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import { openSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { visibleText } from '../terminal/visible-text.ts'
import { addVerb, beginDefinitionCommand } from './definition.ts'
import { addWorkersRunCommand } from './workers-run.ts'

/** `daybook workers …`: the script workers of a server. */
export function addWorkersCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, jsWorker)
  const workers = commands.parent
  addVerb(commands, 'list')
  addAddCommand(workers, surroundings)
  workers
    .command('show')
    .description('show a script worker and its source, secrets of its env as ***')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(command, surroundings)
      await showWorker(await session.client.call('js-worker_read', { name }), session)
    })
  addUpdateCommand(workers, surroundings)
  addWorkersRunCommand(workers, surroundings)
  addVerb(commands, 'delete')
}

function addAddCommand(workers: Command, surroundings: Surroundings): void {
  const add = workers
    .command('add')
    .description('store a script worker')
    .argument('<name>', 'e.g. demo_worker')
    .argument('<file>', 'an ES module: export default { async onCall(params, env, ctx) { … } }')
  addFlags(add, jsWorker, 'create').action(
    async (name: string, file: string, _flags: object, command: Command) => {
      const session = openSession(command, surroundings)
      const rest = await readFlags(jsWorker, command, 'create')
      const worker = { ...rest, name, js_script_base64: await readScript(file) }
      const create = () => session.client.call('js-worker_create', worker)
      await showDefinition(await placingSyntaxError(file, create), session)
    },
  )
}

function addUpdateCommand(workers: Command, surroundings: Surroundings): void {
  const updating = workers
    .command('update')
    .description('change a script worker; what is left out stays')
    .argument('<name>')
    .argument('[file]', 'its new source')
  addFlags(updating, jsWorker, 'update').action(
    async (name: string, file: string | undefined, _flags: object, command: Command) => {
      const session = openSession(command, surroundings)
      const change = {
        ...(file !== undefined && { js_script_base64: await readScript(file) }),
        ...(await readFlags(jsWorker, command, 'update')),
      }
      if (Object.keys(change).length === 0) throw new UsageError('say what to change: a file, or an option')
      const update = () => session.client.call('js-worker_update', { ...change, name })
      const { success: _, ...worker } = await placingSyntaxError(file, update)
      await showDefinition(worker, session)
    },
  )
}

/** The source in a file, as base64. Throws the error of a file that cannot be read. */
async function readScript(file: string): Promise<string> {
  return (await readFile(file)).toString('base64')
}

/** Runs `ask`; a syntax error of the script becomes a CommandFailure of `file:line:column`, as editors read it. */
async function placingSyntaxError<T>(file: string | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof DaybookError) || error.reason !== ('script_syntax_error' satisfies Reason))
      throw error
    const { line, column } = error.data
    const message = error.message.replace(/^\w+: /, '').replace(/ \(line \d+, column \d+\)$/, '')
    throw new CommandFailure(visibleText(`${file}:${line}:${column}: ${message}`))
  }
}

/** Shows a worker without its source: whoever gave it need not see it again. */
function showDefinition(worker: ScriptWorker, { output }: Session): Promise<void> {
  const { js_script_base64: _, ...rest } = worker
  return output.record(rest)
}

/** Shows a worker and its source: as text on a terminal, as base64 otherwise. */
async function showWorker(worker: ScriptWorker, session: Session): Promise<void> {
  const { output, presentation } = session
  if (presentation.format !== 'table') return output.record(worker)
  await showDefinition(worker, session)
  await output.lines(['', ...sourceLines(worker)])
}

function sourceLines({ js_script_base64: encoded }: ScriptWorker): readonly string[] {
  const source = Buffer.from(encoded, 'base64').toString()
  return source
    .trimEnd()
    .split(/\r?\n/)
    .map(line => visibleText(line.replaceAll('\t', '  ')))
}

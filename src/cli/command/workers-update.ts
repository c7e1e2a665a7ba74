import type { Command } from 'commander'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'
import {
  addDefinitionOptions,
  type DefinitionFlags,
  placingSyntaxError,
  readDefinition,
  readScript,
} from './workers-definition.ts'
import { showDefinition } from './workers-display.ts'

/** `daybook workers update NAME [FILE]`: changes what is given of a script worker. */
export function addWorkersUpdateCommand(workers: Command, surroundings: Surroundings): void {
  const updating = workers
    .command('update')
    .description('change a script worker; what is left out stays')
    .argument('<name>')
    .argument('[file]', 'its new source')
  // After those that they undo: before them, they would be given by default.
  addDefinitionOptions(updating)
    .option('--no-route', 'publish it no more')
    .option('--no-cron', 'run it by the clock no more')
    .option('--no-open-env', 'let runs replace no member of env')
    .option('--no-fetch-host', 'let it fetch no more')
    .action(async (name: string, file: string | undefined, flags: DefinitionFlags, command: Command) => {
      const session = openSession(command, surroundings)
      const change = {
        ...(file !== undefined && { js_script_base64: await readScript(file) }),
        ...(await readDefinition(flags)),
      }
      if (Object.keys(change).length === 0) throw new UsageError('say what to change: a file, or an option')
      const update = () => session.client.call('js-worker_update', { name, ...change })
      const { success: _, ...worker } = await placingSyntaxError(file, update)
      await showDefinition(worker, session)
    })
}

import type { Command } from 'commander'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import {
  addDefinitionOptions,
  type DefinitionFlags,
  placingSyntaxError,
  readDefinition,
  readScript,
} from './workers-definition.ts'
import { showDefinition } from './workers-display.ts'

/** `daybook workers add NAME FILE`: stores a script worker. */
export function addWorkersAddCommand(workers: Command, surroundings: Surroundings): void {
  const add = workers
    .command('add')
    .description('store a script worker')
    .argument('<name>', 'e.g. demo_worker')
    .argument('<file>', 'an ES module: export default { async onCall(params, env, ctx) { … } }')
  addDefinitionOptions(add).action(
    async (name: string, file: string, flags: DefinitionFlags, command: Command) => {
      const session = openSession(command, surroundings)
      const worker = { name, js_script_base64: await readScript(file), ...(await readDefinition(flags)) }
      const create = () => session.client.call('js-worker_create', worker)
      await showDefinition(await placingSyntaxError(file, create), session)
    },
  )
}

import type { Command } from 'commander'
import type { ScriptWorker, ScriptWorkerSummary } from '../client/client.ts'
import { writeLines } from './output.ts'
import { isForPeople } from './presentation.ts'
import { confirmRemoval, requireConfirmable } from './removal.ts'
import { openSession } from './session.ts'
import type { Surroundings } from './surroundings.ts'
import { visibleText } from './visible-text.ts'
import { addWorkersAddCommand } from './workers-add.ts'
import { addWorkersRunCommand } from './workers-run.ts'
import { addWorkersUpdateCommand } from './workers-update.ts'

/** `daybook workers …`: the script workers of a server. */
export function addWorkersCommand(program: Command, surroundings: Surroundings): void {
  const workers = program.command('workers').description('manage and run the script workers of a server')
  workers
    .command('list')
    .description('show all script workers')
    .action(async (_options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      const { workers: found } = await client.call('js-worker_list_all_js_worker', {})
      await output.rows(isForPeople(command, surroundings) ? found.map(brief) : found)
    })
  addWorkersAddCommand(workers, surroundings)
  workers
    .command('show')
    .description('show a script worker and its source, secrets of its env as ***')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      const worker = await client.call('js-worker_read', { name })
      if (!isForPeople(command, surroundings)) return output.record(worker)
      const { js_script_base64: _, ...rest } = worker
      await output.record(rest)
      await writeLines(surroundings.stdout, ['', ...sourceLines(worker)])
    })
  addWorkersUpdateCommand(workers, surroundings)
  addWorkersRunCommand(workers, surroundings)
  workers
    .command('rm')
    .description('delete a script worker; the records of its runs stay')
    .argument('<name>')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, flags: { readonly yes?: true }, command: Command) => {
      requireConfirmable(flags, surroundings)
      const { client, output } = openSession(command, surroundings)
      // First of all: nobody should be asked about a name that is mistyped.
      if (flags.yes !== true) await client.call('js-worker_read', { name })
      if (!(await confirmRemoval(`script worker ${name}`, flags, surroundings))) {
        return output.note('nothing deleted')
      }
      await output.record(await client.call('js-worker_delete', { name }))
    })
}

/** What fits a line of a terminal. */
function brief({ name, route_name, schedule, next_fire_time, updated_time }: ScriptWorkerSummary): object {
  return { name, route_name, schedule: schedule?.cron ?? null, next_fire_time, updated_time }
}

function sourceLines({ js_script_base64: encoded }: ScriptWorker): readonly string[] {
  const source = Buffer.from(encoded, 'base64').toString()
  return source
    .trimEnd()
    .split(/\r?\n/)
    .map(line => visibleText(line.replaceAll('\t', '  ')))
}

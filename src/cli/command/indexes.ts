import type { Command } from 'commander'
import { loadCatalogue } from '../argument/catalogue.ts'
import { openSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { addListCommand } from './list-command.ts'

/** `daybook index …`: which conditions have an index of their own. */
export function addIndexCommand(program: Command, surroundings: Surroundings): void {
  const index = program
    .command('index')
    .description('manage the indexes that make conditions cheap (docs/indexes.md)')
  addFieldCommand(index, surroundings, {
    name: 'add',
    description: 'have the conditions of a field served by an index; one that was interrupted is made again',
    async act({ client, output }, of) {
      const { state } = await client.call('index_add', of)
      await output.record({ state })
      if (state === 'building')
        await output.note('it is still being made: daybook index list says when it is ready')
    },
  })
  const list = index
    .command('list')
    .description('show all indexes: what each takes, what it serves and how often it was used')
  addListCommand(list, surroundings, {
    columns: [
      member('resource'),
      member('name'),
      member('field', 'added for'),
      member('state'),
      member('bytes'),
      member('scans'),
      member('definition'),
    ],
    none: 'no indexes',
    find: async client => (await client.call('index_list', {})).indexes,
  })
  addFieldCommand(index, surroundings, {
    name: 'remove',
    description: 'remove an index that was added',
    async act({ client, output }, of) {
      await output.record(await client.call('index_remove', of))
    },
  })
}

interface FieldCommand {
  readonly name: string
  readonly description: string
  act(session: Session, of: { resource: Resource; field: string }): Promise<void>
}

type Resource = ReturnType<Awaited<ReturnType<typeof loadCatalogue>>['requireResource']>

function addFieldCommand(
  index: Command,
  surroundings: Surroundings,
  { name, description, act }: FieldCommand,
): void {
  index
    .command(name)
    .description(description)
    .argument('<resource>', 'js-result, event-log, …')
    .argument('<field>', 'js_worker_id, param, finish_time, duration, …')
    .action(async (given: string, field: string, _options: object, command: Command) => {
      const session = openSession(command, surroundings)
      const resource = (await loadCatalogue(session.client)).requireResource(given)
      await act(session, { resource, field })
    })
}

import type { Command } from 'commander'
import type { ResourceName } from '../../client/client.ts'
import { loadCatalogue } from '../argument/catalogue.ts'
import { resourceHelp } from '../argument/condition-session.ts'
import { inSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { addListCommand } from './list-command.ts'

/** `daybook index …`: which conditions have an index of their own. */
export function addIndexCommand(program: Command, surroundings: Surroundings): void {
  const index = program
    .command('index')
    .description('manage the indexes that make conditions cheap (docs/indexes.md)')
  const add = index
    .command('add')
    .description('have the conditions of a field served by an index; one that was interrupted is made again')
  addField(add, surroundings, async ({ client, output }, field) => {
    const { state } = await client.call('index_add', field)
    await output.record({ state })
    if (state === 'building')
      await output.note('it is still being made: daybook index list says when it is ready')
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
  const remove = index.command('remove').description('remove an index that was added')
  addField(remove, surroundings, async ({ client, output }, field) =>
    output.record(await client.call('index_remove', field)),
  )
}

interface IndexedField {
  readonly resource: ResourceName
  readonly field: string
}

function addField(
  command: Command,
  surroundings: Surroundings,
  act: (session: Session, field: IndexedField) => Promise<void>,
): void {
  command
    .argument('<resource>', resourceHelp)
    .argument('<field>', 'js_worker_id, param, finish_time, duration, …')
    .action(
      inSession(surroundings, async (session, name: string, field: string) => {
        const resource = (await loadCatalogue(session.client)).requireResource(name)
        await act(session, { resource, field })
      }),
    )
}

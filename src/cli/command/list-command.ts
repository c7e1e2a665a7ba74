import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import type { Column } from '../terminal/column.ts'
import { addWatchOption, showWatched, type WatchFlags } from './watch.ts'

/** A command that shows all definitions of a kind. */
export interface ListCommand {
  /** The columns that fit a line of a terminal. */
  readonly columns: readonly Column[]
  /** The note when there are none. */
  readonly none: string
  /** `name`: the one to show, where the command takes a name. */
  find(client: Client, name: string | undefined): Promise<readonly object[]>
  readonly takesName?: true
}

export function addListCommand(command: Command, surroundings: Surroundings, list: ListCommand): void {
  if (list.takesName === true) command.argument('[name]')
  addWatchOption(command).action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command
    const [name] = self.args
    const session = openSession(self, surroundings)
    await showWatched(self.opts<WatchFlags>(), session, async () => {
      const { columns, none } = list
      await session.output.rows(await list.find(session.client, name), { columns, none })
    })
  })
}

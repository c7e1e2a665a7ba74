import type { Command } from 'commander'
import { loadCatalogue } from '../argument/catalogue.ts'
import { hasLimit } from '../argument/condition-argument.ts'
import { addConditions, type ConditionSession, resourceHelp } from '../argument/condition-session.ts'
import { inSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { recordColumns } from '../terminal/record-columns.ts'
import { addWatchOption, showWatched, type WatchFlags } from './watch.ts'

/** How many rows a table on a terminal shows without a limit. */
const usualRows = 30
/** How many rows the server answers without a limit. */
const serverRows = 1000

/** `daybook query RESOURCE [CONDITION…]`: the records that fulfil all conditions, newest first. */
export function addQueryCommand(program: Command, surroundings: Surroundings): void {
  const query = program
    .command('query')
    .description(`show the records that fulfil all conditions, newest first; ${usualRows} in a table`)
  addConditions(addWatchOption(query), surroundings, {
    act: (session, flags: WatchFlags) => showWatched(flags, session, () => showRecords(session)),
  })
}

async function showRecords(session: ConditionSession): Promise<void> {
  const { client, output, resource, condition, presentation, stdout } = session
  const isAsked = hasLimit(condition)
  const isLooking = !isAsked && presentation.format === 'table' && stdout.isTTY === true
  // One more row than is shown tells whether there are more.
  const rows = await client.query(resource, isLooking ? [...condition, { limit: usualRows + 1 }] : condition)
  const shown = isLooking ? rows.slice(0, usualRows) : rows
  const columns = recordColumns.get(resource)
  const none = condition.length === 0 ? `no ${resource} record yet` : 'no record fulfils the conditions'
  await output.rows(shown, { none, ...(columns !== undefined && { columns }) })
  const isCut = rows.length > shown.length || (!isAsked && rows.length === serverRows)
  if (isCut)
    await output.note(`the newest ${shown.length}; limit=${shown.length * 10} shows more, export all`)
}

/** `daybook count RESOURCE [CONDITION…]`: how many records fulfil all conditions. */
export function addCountCommand(program: Command, surroundings: Surroundings): void {
  const count = program.command('count').description('count the records that fulfil all conditions')
  addConditions(addWatchOption(count), surroundings, {
    act: (session, flags: WatchFlags) =>
      showWatched(flags, session, async () => {
        const { client, output, resource, condition } = session
        await output.record({ count: await client.count(resource, condition) })
      }),
  })
}

/** `daybook get RESOURCE ID`: one whole record. */
export function addGetCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('get')
    .description('show one whole record')
    .argument('<resource>', resourceHelp)
    .argument('<id>', 'its key', parseWholeNumber)
    .action(
      inSession(surroundings, async ({ client, output }, name: string, id: number) => {
        const { requireResource } = await loadCatalogue(client)
        await output.record(await client.get(requireResource(name), id))
      }),
    )
}

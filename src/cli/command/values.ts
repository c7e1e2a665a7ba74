import type { Command } from 'commander'
import type { FacetField, ResourceName } from '../../client/client.ts'
import { conditionHelp, openConditionSession, resourceHelp } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { member } from '../terminal/column.ts'
import { addWatchOption, showWatched, type WatchFlags } from './watch.ts'

interface ValuesFlags extends WatchFlags {
  readonly prefix?: string
  readonly top?: number
}

const columns = [member('value'), member('count')]

/** `daybook values RESOURCE FIELD [CONDITION…]`: the values of a field with their counts, the most frequent first. */
export function addValuesCommand(program: Command, surroundings: Surroundings): void {
  const values = program
    .command('values')
    .description('show the values that a field has among the records that fulfil all conditions')
    .argument('<resource>', resourceHelp)
    .argument('<field>', 'a name, a field of few values, or state')
    .argument('[conditions...]')
    .option('--prefix <text>', 'only values that begin with it')
    .option(
      '--top <n>',
      'how many values, the most frequent first; default: 20, at most 100',
      parseWholeNumber,
    )
    .addHelpText('after', conditionHelp)
  addWatchOption(values).action(
    async (resource: string, field: string, conditions: string[], flags: ValuesFlags) => {
      const session = await openConditionSession({ resource, conditions, command: values, surroundings })
      const { client, output, condition } = session
      const asked = {
        // The server knows its fields, and says so.
        field: field as FacetField<ResourceName>,
        prefix: flags.prefix,
        limit: flags.top,
      }
      await showWatched(flags, session, async () => {
        const facet = await client.facet(session.resource, condition, asked)
        await output.rows(facet.values, { columns, none: 'no record fulfils the conditions' })
        if (facet.truncated) await output.note('there are more values; see --prefix and --top')
      })
    },
  )
}

import type { Command } from 'commander'
import { type ConditionOf, DaybookError, type ResourceName } from '../../client/client.ts'
import { errorCodes } from '../../errors.ts'
import { type ConditionSession, conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { askYesNo, canAsk } from '../terminal/question.ts'
import { recordColumns } from '../terminal/record-columns.ts'

interface DeleteFlags {
  readonly yes?: true
  readonly dryRun?: true
  readonly maxAffected?: number
}

const sampleSize = 5

/** `daybook delete RESOURCE [CONDITION…]`: deletes what a query with the same conditions finds, once it is confirmed. */
export function addDeleteCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('delete')
    .description('delete the records that fulfil all conditions; shows them and asks first')
    .argument('<resource>', 'js-result, event-log, …')
    .argument('[conditions...]', 'as for query; "all" for every record')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show what would be deleted')
    .option('--max-affected <n>', 'delete nothing if more records than this are found', parseWholeNumber)
    .addHelpText('after', conditionHelp)
    .action(async (resource: string, conditions: string[], flags: DeleteFlags, command: Command) => {
      if (flags.yes !== true && flags.dryRun !== true && !canAsk(surroundings)) {
        throw new UsageError('nobody to ask: add --yes to delete, or --dry-run to see what would be deleted')
      }
      await runDelete(await openConditionSession({ resource, conditions, command, surroundings }), flags)
    })
}

async function runDelete(session: ConditionSession, flags: DeleteFlags): Promise<void> {
  const { client, output, resource, condition } = session
  const { maxAffected } = flags
  if (flags.yes === true && flags.dryRun !== true) {
    const limit = maxAffected === undefined ? {} : { maxAffected }
    return output.record(await client.delete(resource, condition, limit))
  }

  const found = await client.delete(resource, condition, { dryRun: true })
  const count = found.would_delete ?? 0
  await showSample(session, count)
  if (maxAffected !== undefined && count > maxAffected) {
    throw new CommandFailure(
      `${count} records found, more than --max-affected ${maxAffected}; nothing deleted`,
    )
  }
  if (flags.dryRun === true) return output.record(found)
  if (count === 0) return output.note('no record fulfils the conditions; nothing to delete')
  if (!(await askYesNo(`Delete ${count} of ${resource}?`, session))) return output.note('nothing deleted')
  // No more than what was agreed to, even if records have come since.
  await output.record(await client.delete(resource, condition, { maxAffected: count }))
}

/** The newest few of what would be deleted, on stderr. */
async function showSample({ client, output, resource, condition }: ConditionSession, count: number) {
  if (count === 0) return
  const filters = condition.filter(each => !isAll(each))
  const size = Math.min(count, sampleSize)
  try {
    await output.sample(
      await client.query(resource, [...filters, { limit: size }]),
      recordColumns.get(resource),
    )
    if (count > size) await output.note(`… and ${count - size} more`)
  } catch (error) {
    // A token may be allowed to delete what it may not read.
    if (!(error instanceof DaybookError) || error.code !== errorCodes.permission_denied) throw error
  }
}

/** `all` means something only in a delete. */
function isAll(condition: ConditionOf<ResourceName>): boolean {
  return typeof condition === 'string' ? condition === 'all' : Object.hasOwn(condition, 'all')
}

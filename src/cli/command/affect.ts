import type { Command } from 'commander'
import { type ConditionOf, DaybookError, type ResourceName } from '../../client/client.ts'
import type { Reason } from '../../errors.ts'
import type { ConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import type { Output } from '../terminal/output.ts'
import { askYesNo, canAsk } from '../terminal/question.ts'
import { recordColumns } from '../terminal/record-columns.ts'

/** What a command does to the records that conditions find, once it is confirmed. */
export interface Deed<Answer> {
  /** `delete` */
  readonly name: string
  /** `deleted` */
  readonly past: string
  /** How many it would be, of the answer to a dry run. */
  found(answer: Answer): { readonly count: number; readonly shown: object }
  act(session: ConditionSession, bounds: AffectBounds): Promise<Answer>
  show(output: Output, answer: Answer): Promise<void>
}

export interface AffectBounds {
  readonly dryRun?: true
  readonly maxAffected?: number | undefined
}

export interface AffectFlags extends AffectBounds {
  readonly yes?: true
}

const sampleSize = 5

/** The options of a command that shows what it found, asks on a terminal, and does it. */
export function addAffectOptions(command: Command, { past }: Pick<Deed<unknown>, 'past'>): Command {
  return command
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', `only show what would be ${past}`)
    .option('--max-affected <n>', 'do nothing if more records than this are found', parseWholeNumber)
}

/** Throws UsageError where nobody is there to be asked. */
export function requireAnswer(
  { yes, dryRun }: AffectFlags,
  { past }: Pick<Deed<unknown>, 'past'>,
  surroundings: Surroundings,
): void {
  if (yes === true || dryRun === true || canAsk(surroundings)) return
  throw new UsageError(`nobody to ask: add --yes, or --dry-run to see what would be ${past}`)
}

export async function affect<Answer>(
  session: ConditionSession,
  { name, past, found, act, show }: Deed<Answer>,
  { yes, dryRun, maxAffected }: AffectFlags,
): Promise<void> {
  const { output, resource } = session
  if (yes === true && dryRun !== true) {
    return show(output, await act(session, { maxAffected }))
  }

  const { count, shown } = found(await act(session, { dryRun: true }))
  if (count > 0) await showSample(session, count)
  if (maxAffected !== undefined && count > maxAffected) {
    throw new CommandFailure(`${count} records found, more than --max-affected ${maxAffected}; none ${past}`)
  }
  if (dryRun === true) return output.record(shown)
  if (count === 0) return output.note(`no record fulfils the conditions; nothing ${past}`)
  if (!(await askYesNo(`${capitalized(name)} ${count} of ${resource}?`, session))) {
    return output.note(`nothing ${past}`)
  }
  // No more than was confirmed, even if records have been added since.
  await show(output, await act(session, { maxAffected: count }))
}

/** The newest few of them, on stderr. */
async function showSample({ client, output, resource, condition }: ConditionSession, count: number) {
  const filters = condition.filter(each => !isAll(each))
  const size = Math.min(count, sampleSize)
  try {
    const rows = await client.query(resource, [...filters, { limit: size }])
    await output.sample(rows, recordColumns.get(resource))
    if (count > size) await output.note(`… and ${count - size} more`)
  } catch (error) {
    // A token may be allowed to change what it may not read.
    if (!(error instanceof DaybookError) || error.reason !== ('permission_denied' satisfies Reason))
      throw error
  }
}

/** `all` means something only in a delete. */
function isAll(condition: ConditionOf<ResourceName>): boolean {
  return typeof condition === 'string' ? condition === 'all' : Object.hasOwn(condition, 'all')
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

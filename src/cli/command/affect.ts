import type { Command } from 'commander'
import type { Call, EventLogCondition } from '../../client/client.ts'
import { type ConditionSession, openConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import type { Output } from '../terminal/output.ts'
import { askYesNo, canAsk } from '../terminal/question.ts'
import { recordColumns } from '../terminal/record-columns.ts'

/** A command that does something to the event-log records that conditions find. */
export interface Affecting<Answer> {
  /** `replay`. */
  readonly name: string
  readonly description: string
  /** `replayed`. */
  readonly past: string
  /** Conditions beside those that are typed. */
  readonly also: readonly EventLogCondition[]
  act(call: Call, params: AffectParams): Promise<Answer>
  show(output: Output, answer: Answer): Promise<void>
}

export interface AffectParams {
  readonly query: { readonly condition: readonly EventLogCondition[] }
  readonly dry_run?: boolean
  readonly max_affected?: number
}

interface AffectFlags {
  readonly yes?: true
  readonly dryRun?: true
  readonly maxAffected?: number
}

const sampleSize = 5

const help = `
Conditions, all of which must hold:
  full_name=app.on_order  sender=app  request_id=…  id=17  limit=10
  is_failure  is_waiting  full_name_like='app.*'  error_message_contains=timeout
  created_time_from=-1h  finish_time_from_to=-2d,-1d  param_contains='{"a":1}'
  '{"or":["is_failure",{"sender":"app"}]}'   any condition as JSON`

/** Adds the command: it shows what it found, asks on a terminal, and does it. */
export function addAffectCommand<Answer extends { readonly would_affect?: number }>(
  program: Command,
  surroundings: Surroundings,
  affecting: Affecting<Answer>,
): void {
  const { name, description, past } = affecting
  program
    .command(name)
    .description(`${description}; shows them and asks first`)
    .argument('<conditions...>', 'of the event-log, as for query')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', `only show what would be ${past}`)
    .option('--max-affected <n>', 'do nothing if more records than this are found', parseWholeNumber)
    .addHelpText('after', help)
    .action(async (conditions: string[], flags: AffectFlags, command: Command) => {
      if (flags.yes !== true && flags.dryRun !== true && !canAsk(surroundings)) {
        throw new UsageError(`nobody to ask: add --yes, or --dry-run to see what would be ${past}`)
      }
      const given = { resource: 'event-log', conditions, command, surroundings }
      await affect(await openConditionSession(given), affecting, flags)
    })
}

async function affect<Answer extends { readonly would_affect?: number }>(
  session: ConditionSession,
  { name, past, also, act, show }: Affecting<Answer>,
  { yes, dryRun, maxAffected }: AffectFlags,
): Promise<void> {
  const { client, output } = session
  // The conditions were read as those of the event-log.
  const condition = [...(session.condition as readonly EventLogCondition[]), ...also]
  const query = { condition }
  if (yes === true && dryRun !== true) {
    const limit = maxAffected === undefined ? {} : { max_affected: maxAffected }
    return show(output, await act(client.call, { query, ...limit }))
  }

  const found = await act(client.call, { query, dry_run: true })
  const count = found.would_affect ?? 0
  if (count > 0) await showSample(session, condition, count)
  if (maxAffected !== undefined && count > maxAffected) {
    throw new CommandFailure(`${count} records found, more than --max-affected ${maxAffected}; none ${past}`)
  }
  if (dryRun === true) return output.record({ would_affect: count })
  if (count === 0) return output.note(`no such record; nothing ${past}`)
  if (!(await askYesNo(`${capitalized(name)} ${count} of event-log?`, session))) {
    return output.note(`nothing ${past}`)
  }
  // No more than what was agreed to, even if records have come since.
  await show(output, await act(client.call, { query, max_affected: count }))
}

/** The newest few of them, on stderr. */
async function showSample(
  { client, output }: ConditionSession,
  condition: readonly EventLogCondition[],
  count: number,
): Promise<void> {
  const size = Math.min(count, sampleSize)
  const rows = await client.query('event-log', [...condition, { limit: size }])
  await output.sample(rows, recordColumns.get('event-log'))
  if (count > size) await output.note(`… and ${count - size} more`)
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

import type { Command } from 'commander'
import type { EventLogCondition, ParamsOf, ResultOf } from '../../client/client.ts'
import { type ConditionSession, openConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { startedColumns } from '../terminal/record-columns.ts'
import {
  type AffectBounds,
  type AffectFlags,
  addAffectOptions,
  affect,
  type Deed,
  requireAnswer,
} from './affect.ts'

type Method = 'event-log_replay' | 'event-log_cancel'

const replay: Deed<ResultOf<'event-log_replay'>> = {
  name: 'replay',
  past: 'replayed',
  found,
  act: (session, bounds) => session.client.call('event-log_replay', paramsOf(session, bounds)),
  async show(output, { replayed, skipped, event_logs: logs }) {
    await output.rows(logs, { columns: startedColumns, none: 'nothing to replay' })
    const gone = skipped === 0 ? '' : `, ${skipped} skipped: their handler is gone`
    await output.note(`${replayed} replayed${gone}`)
  },
}

const cancel: Deed<ResultOf<'event-log_cancel'>> = {
  name: 'cancel',
  past: 'cancelled',
  found,
  act: (session, bounds) => session.client.call('event-log_cancel', paramsOf(session, bounds)),
  show: (output, { cancelled, stopping }) => output.record({ cancelled, stopping }),
}

function found({ would_affect: count = 0 }: ResultOf<Method>) {
  return { count, shown: { would_affect: count } }
}

function paramsOf({ condition }: ConditionSession, { dryRun, maxAffected }: AffectBounds): ParamsOf<Method> {
  return {
    // They were parsed as conditions of the event-log.
    query: { condition: condition as readonly EventLogCondition[] },
    dry_run: dryRun,
    max_affected: maxAffected,
  }
}

/** `daybook replay CONDITION…`: runs the handlers of records again. */
export function addReplayCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('replay')
    .description('run the handlers of the matching records again, as new records; shows them and asks first')
  addEventLogCommand(command, surroundings, replay)
}

/** `daybook cancel CONDITION…`: keeps waiting runs from starting, and tells running ones to stop. */
export function addCancelCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('cancel')
    .description(
      'keep matching records that wait from running, and tell running ones to stop; shows them and asks first',
    )
  // Ended runs cannot be cancelled and must not be counted in the question.
  addEventLogCommand(command, surroundings, cancel, [{ or: ['is_waiting', 'is_running'] }])
}

const help = `
Conditions, all of which must hold:
  full_name=app.on_order  sender=app  request_id=…  id=17  limit=10
  is_failure  is_waiting  full_name_like='app.*'  error_message_contains=timeout
  created_time_from=-1h  finish_time_from_to=-2d,-1d  param_contains='{"a":1}'
  '{"or":["is_failure",{"sender":"app"}]}'   any condition as JSON`

/** `also`: conditions in addition to the typed ones. */
function addEventLogCommand<Answer>(
  command: Command,
  surroundings: Surroundings,
  deed: Deed<Answer>,
  also: readonly EventLogCondition[] = [],
): void {
  addAffectOptions(command, deed)
    .argument('<conditions...>', 'of the event-log, as for query')
    .addHelpText('after', help)
    .action(async (conditions: string[], flags: AffectFlags) => {
      requireAnswer(flags, deed, surroundings)
      const given = { resource: 'event-log', command, surroundings }
      const session = await openConditionSession({ ...given, conditions })
      await affect({ ...session, condition: [...session.condition, ...also] }, deed, flags)
    })
}

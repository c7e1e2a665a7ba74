import type { Command } from 'commander'
import type { NewHandler, NewTarget } from '../../client/client.ts'
import { durationOption } from '../argument/moment.ts'
import { addScheduleOptions, readSchedule, type ScheduleFlags } from '../argument/schedule-option.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { readTarget, type TargetFlags } from './handlers-target.ts'

interface AddFlags extends TargetFlags, ScheduleFlags {
  readonly sender: string
  readonly type?: string
  readonly retry?: number
  readonly retryDelay?: number
  readonly backoff: boolean
  readonly timeout?: number
  readonly concurrency?: number
  readonly description?: string
  readonly disabled?: true
}

/** `daybook handlers add FULL_NAME`: makes an event handler. */
export function addHandlersAddCommand(handlers: Command, surroundings: Surroundings): void {
  const add = handlers
    .command('add')
    .description('make a handler; one of --script, --webhook and --remote says where its work runs')
    .argument('<full-name>', 'e.g. app.on_order')
    .requiredOption('--sender <pattern>', 'whose events it takes: app, shop.*')
    .option('--type <pattern>', 'which types of events; else events.NormalType')
    .option('--script <worker>', 'a script worker of the server')
    .option('--webhook <url>', 'a signed POST; its secret is made and shown once unless one is given')
    .option('--remote', 'programs that claim the work, see the worker of daybook/client')
    .option('--secret-file <file>', 'the secret of the webhook (whsec_…) is the first line of this file')
    .option('--secret-stdin', 'or the first line of stdin')
    .option('--retry <n>', 'tries after a failure; else 2', parseWholeNumber)
    .option(
      '--retry-delay <time>',
      'before the first of them: 1500 (ms), 2s; else 1s',
      durationOption('--retry-delay'),
    )
    .option('--no-backoff', 'the same delay before each of them, not twice the last one')
    .option('--timeout <time>', 'how long a run may take; else 30s', durationOption('--timeout'))
    .option('--concurrency <n>', 'runs at the same time; else no limit', parseWholeNumber)
    .option('--description <text>')
    .option('--disabled', 'takes no events until it is enabled')
  addScheduleOptions(add).action(async (fullName: string, flags: AddFlags, command: Command) => {
    const { client, output } = openSession(command, surroundings)
    const { target, madeSecret } = await readTarget(flags, surroundings)
    const created = await client.call('event-handler_create', readHandler(fullName, target, flags))
    if (madeSecret === undefined) return output.record(created)
    await output.record({ ...created, secret: madeSecret })
    await output.note('Keep the secret: it cannot be shown again.')
  })
}

function readHandler(fullName: string, target: NewTarget, flags: AddFlags): NewHandler {
  const { sender, type, retry, retryDelay, backoff, timeout, concurrency, description } = flags
  return {
    full_name: fullName,
    sender,
    target,
    ...(type !== undefined && { event_type: type }),
    retry: {
      ...(retry !== undefined && { limit: retry }),
      ...(retryDelay !== undefined && { delay_ms: retryDelay }),
      ...(!backoff && { backoff }),
    },
    ...(timeout !== undefined && { timeout_ms: timeout }),
    ...(concurrency !== undefined && { concurrency }),
    ...readSchedule(flags),
    ...(description !== undefined && { description }),
    ...(flags.disabled === true && { enabled: false }),
  }
}

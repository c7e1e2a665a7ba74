import type { Command } from 'commander'
import type { SentEvent } from '../../client/client.ts'
import { readJsonArgument } from '../argument/json-argument.ts'
import { durationOption } from '../argument/moment.ts'
import { inSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { startedColumns } from '../terminal/record-columns.ts'

interface SendFlags {
  readonly type?: string
  readonly requestId?: string
  readonly parent?: string
  readonly key?: string
  readonly delay?: number
  /** True: the default time. */
  readonly wait?: number | true
}

const defaultWaitMs = 30_000

const help = `
Prints a record for each handler that takes the event.
Exit code 1 when no handler takes it, and with --wait when one failed or has not ended in time.`

/** `daybook send SENDER [KWARGS]`: sends an event to the handlers that take it. */
export function addSendCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('send')
    .description('send an event to the handlers that take it')
    .argument('<sender>', 'who sends it')
    .argument('[kwargs]', 'its arguments as JSON, or - for stdin')
    .option('--type <type>', 'the type of the event (default events.NormalType)')
    .option('--request-id <id>', 'the chain it belongs to (default: a new one)')
    .option('--parent <node>', 'the node of the chain that set it off')
    .option('--key <key>', 'the same event with the same key is sent once')
    .option('--delay <time>', 'how long its handlers wait: 1500 (ms), 2s, 5m', durationOption('--delay'))
    .option('--wait [time]', 'wait until its handlers have ended: 30s, at most 60s', durationOption('--wait'))
    .addHelpText('after', help)
    .action(
      inSession(
        surroundings,
        async (session, sender: string, kwargs: string | undefined, flags: SendFlags) => {
          const { client, output, presentation } = session
          const event = {
            sender,
            kwargs: await readJsonArgument(kwargs, 'kwargs', surroundings),
            event_type: flags.type,
            request_id: flags.requestId,
            parent_node_id: flags.parent,
            idempotency_key: flags.key,
            delay_ms: flags.delay,
          }
          const waitMs = flags.wait === true ? defaultWaitMs : flags.wait
          const sent = await client.send(event, { waitMs })
          const rows = sent.event_logs.map(log => ({ request_id: sent.request_id, ...log }))
          await output.rows(rows, { columns: startedColumns, none: 'no record' })
          // As a column it would crowd out the others.
          if (presentation.format === 'table' && rows.length > 0)
            await output.note(`daybook chain ${sent.request_id} shows what follows`)
          requireDone(sent, waitMs !== undefined)
        },
      ),
    )
}

/** Who sends an event by hand wants something done. Throws CommandFailure if nothing was. */
function requireDone({ matched, event_logs: logs }: SentEvent, waited: boolean): void {
  if (!matched) throw new CommandFailure('no enabled handler takes this event; nothing is done')
  if (!waited) return
  const failed = logs.filter(log => log.status === 'fail').length
  const open = logs.filter(log => log.status !== 'fail' && log.status !== 'success').length
  if (failed > 0) throw new CommandFailure(`${failed} of ${logs.length} handlers failed`)
  if (open > 0) throw new CommandFailure(`${open} of ${logs.length} handlers have not ended yet`)
}

import type { Command } from 'commander'
import type { JsResultRow } from '../../client/client.ts'
import { readJsonArgument } from '../argument/json-argument.ts'
import { durationOption } from '../argument/moment.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'

interface RunFlags {
  readonly runType?: string
  /** False: --no-wait. */
  readonly wait: number | false
}

const defaultWaitMs = 30_000

const help = `
Prints the record of the run. Exit code 1 when it failed or has not ended in time.`

/** `daybook workers run NAME [PARAMS]`: runs a script worker. */
export function addWorkersRunCommand(workers: Command, surroundings: Surroundings): void {
  workers
    .command('run')
    .description('run a script worker')
    .argument('<name>')
    .argument('[params]', 'what it gets as JSON, or - for stdin')
    .option('--run-type <type>', 'cron, route, inline_call and event run that entry point; else call')
    .option(
      '--wait <time>',
      'for its end: 500 (ms), 30s, at most 60s',
      durationOption('--wait'),
      defaultWaitMs,
    )
    .option('--no-wait', 'print the id of the record at once')
    .addHelpText('after', help)
    .action(async (name: string, params: string | undefined, flags: RunFlags, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      const { runType, wait } = flags
      const run = {
        js_script_name: name,
        ...(runType !== undefined && { run_type: runType }),
        ...(params !== undefined && { params: await readJsonArgument(params, 'params', surroundings) }),
      }
      if (wait === false) return output.record(await client.call('js-worker_run', run))
      const row = await client.call(
        'js-worker_run',
        { ...run, wait_ms: wait },
        { timeoutMs: wait + answerMs },
      )
      await output.record(row)
      requireSuccess(row)
    })
}

/** How long the answer may take once the waiting is over. */
const answerMs = 30_000

/** Throws CommandFailure. */
function requireSuccess({ error_message: message, finish_time: finished }: Partial<JsResultRow>): void {
  if (typeof message === 'string') throw new CommandFailure('the run failed')
  if (typeof finished !== 'number') throw new CommandFailure('the run has not ended yet')
}

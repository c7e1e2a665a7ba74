import type { Command } from 'commander'
import { sink } from '../../sink/sink.ts'
import { conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { readSinkTarget, type SinkTargetFlags } from './sinks-target.ts'

/** `daybook sinks add NAME RESOURCE [CONDITION…]`: makes a sink. */
export function addSinksAddCommand(sinks: Command, surroundings: Surroundings): void {
  const add = sinks
    .command('add')
    .description('make a sink; one of --webhook, --nats and --file says where the changes go')
    .argument('<name>')
    .argument('<resource>', 'whose changes: js-result, event-log, change-event, …')
    .argument('[conditions...]', 'which of them; all when none is given')
    .addHelpText('after', conditionHelp)
    .option('--webhook <url>', 'signed posts; the secret is made and shown once unless one is given')
    .option('--unsigned', 'posts without a signature')
    .option('--headers <json>', `more headers: '{"x-a":"b"}' or @file`)
    .option('--nats <servers>', 'publish to JetStream: host:port, several with commas between them')
    .option('--subject <subject>', 'where to')
    .option('--stream <name>', 'the stream that must take it')
    .option('--user <name>', 'the secret is the password of this user; else it is a token')
    .option('--nkey', 'the secret is the seed of an nkey')
    .option('--file <name>', 'sinks/NAME.ndjson in the data folder of the server')
    .option('--max-bytes <n>', 'a file that would grow beyond this is put aside', parseWholeNumber)
    .option('--keep <n>', 'how many files that were put aside are kept', parseWholeNumber)
    .option('--secret-file <file>', 'the secret is the first line of this file')
    .option('--secret-stdin', 'or the first line of stdin')
  addFlags(add, sink, 'create').action(
    async (name: string, resource: string, conditions: readonly string[], flags: SinkTargetFlags) => {
      const { target, madeSecret } = await readSinkTarget(flags, surroundings)
      const session = await openConditionSession({ resource, conditions, command: add, surroundings })
      const { client, output, condition } = session
      const created = await client.call('sink_create', {
        ...(await readFlags(sink, add, 'create')),
        name,
        resource: session.resource,
        query: { condition },
        target,
      })
      if (madeSecret === undefined) return output.record(created)
      await output.record({ ...created, secret: madeSecret })
      await output.note('Keep the secret: it cannot be shown again.')
    },
  )
}

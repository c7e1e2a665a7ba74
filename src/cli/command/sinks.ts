import type { Command } from 'commander'
import type { NewSinkTarget } from '../../client/client.ts'
import type { NewOf } from '../../definition/definition.ts'
import { newWebhookSecret } from '../../outbound/webhook-place.ts'
import { sink } from '../../sink/sink.ts'
import { conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import { readSecret, type SecretFlags } from '../argument/secret-argument.ts'
import { inSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { UsageError } from '../terminal/failure.ts'
import { durationText } from '../terminal/time-text.ts'
import { addVerb, beginDefinitionCommand, showCreated } from './definition.ts'
import { addListCommand } from './list-command.ts'

/** `daybook sinks …`: where a server sends changes to. */
export function addSinksCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, sink)
  const sinks = commands.parent
  addVerb(commands, 'list')
  addAddCommand(sinks, surroundings)
  const status = sinks.command('status').description('show how far all sinks have come, or one')
  addListCommand(status, surroundings, {
    takesName: true,
    columns: [
      member('name'),
      member('state'),
      member('cursor'),
      member('lag'),
      { title: 'age', kind: 'plain', read: ({ age_ms: age }) => durationText(Number(age)) },
      member('delivered'),
      member('last_delivered', 'last'),
      member('last_error', 'error', 'line'),
    ],
    none: sink.command?.none ?? '',
    find: async (client, name) =>
      (await client.call('sink_status', name === undefined ? {} : { name })).sinks,
  })
  sinks
    .command('pause')
    .description('stop a sink; nothing is lost meanwhile, as long as its changes are kept')
    .argument('<name>')
    .action(
      inSession(surroundings, async ({ client, output }, name: string) =>
        output.record(await client.call('sink_pause', { name })),
      ),
    )
  sinks
    .command('resume')
    .description('let a sink that was paused or failed go on where it stopped')
    .argument('<name>')
    .option('--skip-lost', 'go on behind the changes that are not kept any more')
    .action(
      inSession(surroundings, async ({ client, output }, name: string, flags: { readonly skipLost?: true }) =>
        output.record(await client.call('sink_resume', { name, skip_lost: flags.skipLost === true })),
      ),
    )
  addVerb(commands, 'delete')
}

function addAddCommand(sinks: Command, surroundings: Surroundings): void {
  const add = sinks
    .command('add')
    .description('make a sink; one of --webhook, --nats and --file says where the changes go')
    .argument('<name>')
    .argument('<resource>', 'whose changes: js-result, event-log, change-event, …')
    .argument('[conditions...]', 'which of them; all when none is given')
    .addHelpText('after', conditionHelp)
  addFlags(add, sink, 'create')
    .option('--secret-file <file>', 'the secret is the first line of this file')
    .option('--secret-stdin', 'or the first line of stdin')
    .action(async (name: string, resource: string, conditions: readonly string[], flags: SecretFlags) => {
      const { target: place, ...rest } = await readFlags(sink, add, 'create')
      // First: nobody should be asked for the secret of no target.
      const chosen = requireOne(place)
      const { target, madeSecret } = withSecret(chosen, await readSecret(flags, surroundings))
      const session = await openConditionSession({ resource, conditions, command: add, surroundings })
      const { client, output, condition } = session
      const created = await client.call('sink_create', {
        ...rest,
        name,
        resource: session.resource,
        query: { condition },
        target,
      })
      await showCreated(output, created, madeSecret)
    })
}

interface SecretTarget {
  readonly target: NewSinkTarget
  /** Only of a webhook whose secret nobody gave. */
  readonly madeSecret?: string
}

type Place = NewOf<typeof sink>['target']

/** Throws UsageError unless the options name exactly one target. */
function requireOne(place: Place = {}): Place {
  if (Object.keys(place).length === 1) return place
  throw new UsageError('say where the changes go: one of --webhook, --nats and --file')
}

/** The one target that options name, with its secret. Throws UsageError where these do not fit. */
function withSecret({ webhook, nats, file }: Place, secret: string | undefined): SecretTarget {
  if (webhook !== undefined) return signed(webhook, secret)
  if (nats !== undefined) return { target: { nats: natsWith(nats, secret) } }
  if (file !== undefined && secret === undefined) return { target: { file } }
  throw new UsageError('a file has no secret')
}

function signed(webhook: NonNullable<Place['webhook']>, secret: string | undefined): SecretTarget {
  if (webhook.secret === null) {
    if (secret !== undefined) throw new UsageError('--unsigned or a secret, not both')
    return { target: { webhook } }
  }
  if (secret !== undefined) return { target: { webhook: { ...webhook, secret } } }
  const madeSecret = newWebhookSecret()
  return { target: { webhook: { ...webhook, secret: madeSecret } }, madeSecret }
}

type Nats = NonNullable<Place['nats']>

function natsWith(nats: Nats, secret: string | undefined): Nats {
  const { subject, user, nkey } = nats
  if (subject === undefined) throw new UsageError('--nats needs --subject')
  if (user !== undefined && nkey !== undefined) throw new UsageError('--user or --nkey, not both')
  if (secret === undefined) {
    if (user === undefined && nkey === undefined) return nats
    throw new UsageError('--user and --nkey need --secret-file or --secret-stdin')
  }
  if (nkey !== undefined) return { ...nats, nkey: secret }
  return { ...nats, [user === undefined ? 'token' : 'password']: secret }
}

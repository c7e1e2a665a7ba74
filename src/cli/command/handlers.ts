import type { Command } from 'commander'
import type { NewTarget } from '../../client/client.ts'
import { eventHandler } from '../../event/handler/handler.ts'
import { newWebhookSecret } from '../../outbound/webhook-place.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import { readSecret, type SecretFlags } from '../argument/secret-argument.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'
import { addVerb, beginDefinitionCommand, showCreated } from './definition.ts'

/** `daybook handlers …`: the event handlers of a server. */
export function addHandlersCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, eventHandler)
  const handlers = commands.parent
  addVerb(commands, 'list')
  addAddCommand(handlers, surroundings)
  addVerb(commands, 'read')
  const enable = handlers.command('enable').description('let a handler take events again')
  addSwitch(enable, surroundings, true)
  const disable = handlers
    .command('disable')
    .description('let a handler take no more events; what waits for it still runs')
  addSwitch(disable, surroundings, false)
  addVerb(commands, 'delete')
}

function addSwitch(command: Command, surroundings: Surroundings, enabled: boolean): void {
  command.argument('<full-name>').action(async (full_name: string) => {
    const { client, output } = openSession(command, surroundings)
    await output.record(await client.call('event-handler_update', { full_name, enabled }))
  })
}

function addAddCommand(handlers: Command, surroundings: Surroundings): void {
  const add = handlers
    .command('add')
    .description('make a handler; one of --script, --webhook and --remote says where its work runs')
    .argument('<full-name>', 'e.g. app.on_order')
    .option('--script <worker>', 'a script worker of the server')
    .option('--webhook <url>', 'a signed POST; its secret is made and shown once unless one is given')
    .option('--remote', 'programs that claim the work, see the worker of daybook/client')
    .option('--secret-file <file>', 'the secret of the webhook (whsec_…) is the first line of this file')
    .option('--secret-stdin', 'or the first line of stdin')
  addFlags(add, eventHandler, 'create').action(async (full_name: string, flags: TargetFlags) => {
    const { client, output } = openSession(add, surroundings)
    const { target, madeSecret } = await readTarget(flags, surroundings)
    // Required: the command would not have come so far without it.
    const { sender = '', ...rest } = await readFlags(eventHandler, add, 'create')
    const created = await client.call('event-handler_create', { ...rest, full_name, sender, target })
    await showCreated(output, created, madeSecret)
  })
}

interface TargetFlags extends SecretFlags {
  readonly script?: string
  readonly webhook?: string
  readonly remote?: true
}

interface ReadTarget {
  readonly target: NewTarget
  /** Only of a webhook whose secret nobody gave. */
  readonly madeSecret?: string
}

/** Where a handler's work is to run. Throws UsageError unless exactly one target is named. */
async function readTarget(flags: TargetFlags, surroundings: Surroundings): Promise<ReadTarget> {
  const { script, webhook, remote } = flags
  if ([script, webhook, remote].filter(each => each !== undefined).length !== 1) {
    throw new UsageError('say where the work runs: one of --script, --webhook and --remote')
  }
  const given = await readSecret(flags, surroundings)
  if (webhook === undefined && given !== undefined) {
    throw new UsageError('--secret-file and --secret-stdin only make sense together with --webhook')
  }
  if (script !== undefined) return { target: { kind: 'js_worker', name: script } }
  if (webhook === undefined) return { target: { kind: 'remote' } }
  if (given !== undefined) return { target: { kind: 'webhook', url: webhook, secret: given } }
  const madeSecret = newWebhookSecret()
  return { target: { kind: 'webhook', url: webhook, secret: madeSecret }, madeSecret }
}

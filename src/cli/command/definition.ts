import type { Command } from 'commander'
import type { Definition, DefinitionVerb } from '../../definition/definition.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { type Column, member } from '../terminal/column.ts'
import { UsageError } from '../terminal/failure.ts'
import type { Output } from '../terminal/output.ts'
import { confirmRemoval, requireConfirmable } from '../terminal/question.ts'
import { addListCommand } from './list-command.ts'

/** What the subcommands of one kind of definition work with. */
export interface DefinitionCommands {
  readonly definition: Definition
  /** `daybook sinks` */
  readonly parent: Command
  readonly surroundings: Surroundings
}

/** `daybook sinks …` with all subcommands that the declaration is enough for. */
export function addDefinitionCommand(
  program: Command,
  surroundings: Surroundings,
  definition: Definition,
): void {
  const commands = beginDefinitionCommand(program, surroundings, definition)
  for (const verb of adders.keys()) addVerb(commands, verb)
}

/** The same without any: `addVerb` adds them, between those that are special. */
export function beginDefinitionCommand(
  program: Command,
  surroundings: Surroundings,
  definition: Definition,
): DefinitionCommands {
  const { name = definition.noun, summary = '' } = definition.command ?? {}
  return { definition, surroundings, parent: program.command(name).description(summary) }
}

/** Adds the subcommand of a verb, where it is declared. */
export function addVerb(commands: DefinitionCommands, verb: DefinitionVerb): void {
  const { definition, parent } = commands
  const said = definition.command?.verbs[verb]
  const method = definition.methods[verb]?.[0]
  if (said === undefined || method === undefined) return
  const [name, description] = said
  adders.get(verb)?.({ ...commands, method, command: parent.command(name).description(description) })
}

interface VerbCommand extends DefinitionCommands {
  readonly command: Command
  readonly method: string
}

const adders: ReadonlyMap<DefinitionVerb, (verb: VerbCommand) => void> = new Map([
  ['list', addList],
  ['create', addCreate],
  ['read', addRead],
  ['update', addUpdate],
  ['delete', addDelete],
])

function addList({ definition, surroundings, command, method }: VerbCommand): void {
  addListCommand(command, surroundings, {
    columns: columnsOf(definition),
    none: definition.command?.none ?? 'none',
    async find(client) {
      const answer = (await client.call(method, {})) as Readonly<Record<string, readonly object[]>>
      return answer[definition.listed] ?? []
    },
  })
}

function addCreate({ definition, surroundings, command, method }: VerbCommand): void {
  addFlags(addKey(command, definition), definition, 'create').action(async (key: unknown) => {
    const { client, output } = openSession(command, surroundings)
    const rest = await readFlags(definition, command, 'create')
    await output.record(await ask(client.call(method, { [definition.key]: key, ...rest })))
  })
}

function addRead({ definition, surroundings, command, method }: VerbCommand): void {
  addNamed(command, definition).action(async (key: unknown, flags: OwnerFlags) => {
    const { client, output } = openSession(command, surroundings)
    await output.record(await ask(client.call(method, { [definition.key]: key, owner: flags.owner })))
  })
}

function addUpdate({ definition, surroundings, command, method }: VerbCommand): void {
  addFlags(addNamed(command, definition), definition, 'update').action(
    async (key: unknown, { owner }: OwnerFlags) => {
      const { client, output } = openSession(command, surroundings)
      const change = await readFlags(definition, command, 'update')
      if (Object.keys(change).length === 0) throw new UsageError('say what to change: an option')
      await output.record(await ask(client.call(method, { [definition.key]: key, owner, ...change })))
    },
  )
}

function addDelete({ definition, surroundings, command, method }: VerbCommand): void {
  const read = definition.methods.read?.[0]
  addNamed(command, definition)
  if (read !== undefined) command.option('-y, --yes', 'do not ask')
  command.action(async (key: unknown, flags: OwnerFlags & { readonly yes?: true }) => {
    if (read !== undefined) requireConfirmable(flags, surroundings)
    const { client, output } = openSession(command, surroundings)
    const params = { [definition.key]: key, owner: flags.owner }
    if (read !== undefined && flags.yes !== true) {
      // First: nobody should be asked about a mistyped name.
      await client.call(read, params)
      const isConfirmed = await confirmRemoval(`${definition.noun} ${key}`, flags, surroundings)
      if (!isConfirmed) return output.note('nothing deleted')
    }
    await output.record(await ask(client.call(method, params)))
  })
}

interface OwnerFlags {
  readonly owner?: string
}

/** The argument, and of an owned kind the option, that name one. */
function addNamed(command: Command, definition: Definition): Command {
  addKey(command, definition)
  return definition.isOwned === true
    ? command.option('--owner <token-key>', "another token's; only for the super token")
    : command
}

function addKey(command: Command, { key }: Definition): Command {
  if (key === 'id') return command.argument('<id>', 'as list shows it', parseWholeNumber)
  return command.argument(`<${key.replaceAll('_', '-')}>`)
}

/** The methods of definitions answer with objects. */
async function ask(answer: Promise<unknown>): Promise<object> {
  return Object(await answer)
}

function columnsOf({ fields }: Definition): readonly Column[] {
  return Object.entries(fields).flatMap(([name, { listed }]) => {
    if (listed === undefined) return []
    const column = member(name, listed.title, listed.kind)
    const { read } = listed
    return [read === undefined ? column : { ...column, kind: 'plain', read: row => read(row[name]) }]
  })
}

/** Shows what was made, with the secret that was made for it, if there is one. */
export async function showCreated(output: Output, created: object, madeSecret?: string): Promise<void> {
  if (madeSecret === undefined) return output.record(created)
  await output.record({ ...created, secret: madeSecret })
  await output.note('Keep the secret: it cannot be shown again.')
}

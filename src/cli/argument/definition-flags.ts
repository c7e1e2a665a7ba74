import { type Command, Option } from 'commander'
import type { ChangeOf, Definition, NewOf } from '../../definition/definition.ts'
import type { Flag } from '../../definition/field.ts'
import { UsageError } from '../terminal/failure.ts'
import { readJsonOrFile } from './json-argument.ts'
import { durationOption } from './moment.ts'
import { parseWholeNumber } from './whole-number.ts'

type FlagVerb = 'create' | 'update'
/** Without the undefined that JSON does not have. */
type Json<T> = T extends object ? { [K in keyof T]: Json<T[K]> } : Exclude<T, undefined>
type Given<T> = Partial<Json<T>>

/** The options that a definition's fields declare. */
export function addFlags(command: Command, { fields }: Definition, verb: FlagVerb): Command {
  for (const flag of Object.values(fields).flatMap(field => flagsOf(field.flags, verb))) {
    const option = new Option(flag.option, flag.summary)
    if (flag.value === 'number') option.argParser(parseWholeNumber)
    if (flag.value === 'duration') option.argParser(durationOption(longOf(flag.option)))
    if (flag.isRequired === true && verb === 'create') option.makeOptionMandatory()
    command.addOption(option)
  }
  return command
}

export function readFlags<D extends Definition>(
  definition: D,
  command: Command,
  verb: 'create',
): Promise<Given<NewOf<D>>>
export function readFlags<D extends Definition>(
  definition: D,
  command: Command,
  verb: 'update',
): Promise<Given<ChangeOf<D>>>
/** What the options give, as the wire takes it. Throws UsageError, and the error of a file that cannot be read. */
export async function readFlags({ fields }: Definition, command: Command, verb: FlagVerb): Promise<object> {
  const given: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    for (const flag of flagsOf(field.flags, verb)) {
      const text = givenBy(flag.option, command)
      if (text === undefined) continue
      if (flag.needs !== undefined && givenBy(flag.needs, command) === undefined) {
        throw new UsageError(`${longOf(flag.option)} only makes sense together with ${flag.needs}`)
      }
      const value = await readFlag(flag, text)
      given[name] = withMember(given[name], flag.member?.split('.') ?? [], value)
    }
  }
  return given
}

/** `whole` with `value` at a path. */
function withMember(whole: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const members = Object(whole)
  return { ...members, [name]: withMember(members[name], rest, value) }
}

function flagsOf(flags: readonly Flag[], verb: FlagVerb): readonly Flag[] {
  return flags.filter(({ only = verb }) => only === verb)
}

async function readFlag(flag: Flag, given: unknown): Promise<unknown> {
  if ('means' in flag) return flag.means
  if (flag.value === 'list') return String(given).split(',')
  if (flag.value === 'textOrNull') return given === '' ? null : given
  return flag.value === 'json' ? readJsonOrFile(String(given), longOf(flag.option)) : given
}

/** Undefined where the option was not given; `--cron` and `--no-cron` have one value. */
function givenBy(option: string, command: Command): unknown {
  const known = new Option(option)
  const value: unknown = command.getOptionValue(known.attributeName())
  return (value === false) === known.negate ? value : undefined
}

function longOf(option: string): string {
  return /--[\w-]+/.exec(option)?.[0] ?? option
}

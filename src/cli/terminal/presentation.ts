import { type Command, Option } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from './failure.ts'
import { hasColour } from './paint.ts'
import type { Zone } from './time-text.ts'

const formats = ['table', 'json', 'ndjson', 'csv'] as const

/** How a command shows what it found. */
export interface Presentation {
  /** `json` is one array; `ndjson` a line for each record. */
  readonly format: (typeof formats)[number]
  /** The only members that are wanted, in this order. */
  readonly fields: readonly string[] | undefined
  /** Every member in a table, payloads too. */
  readonly isWide: boolean
  readonly hasColour: boolean
  readonly usesPager: boolean
  readonly zone: Zone
}

interface DisplayFlags {
  readonly json?: true
  readonly output?: string
  readonly fields?: string
  readonly wide?: true
  readonly watch?: unknown
  readonly color?: boolean
  readonly pager?: boolean
  readonly utc?: true
}

/** The options of all commands, allowed anywhere on the command line. */
export function addGlobalDisplayOptions(program: Command): void {
  program
    .option('--json', 'print NDJSON, on a terminal too')
    .option('--utc', 'show and read times in UTC instead of local time')
    .option('--no-color', 'no colours, like NO_COLOR; FORCE_COLOR turns them on')
    .option('--no-pager', 'do not page through PAGER (default less -FRX)')
}

/** The options of a command that shows records. */
export function addDisplayOptions(command: Command): void {
  command
    .addOption(
      new Option('--output <format>', 'default: table on a terminal, ndjson elsewhere').choices(formats),
    )
    .option('--fields <names>', 'show only these members or columns: id,start_time')
    .option('--wide', 'show every member in a table, payloads too')
}

/** Reads both. Throws UsageError. */
export function readPresentation(command: Command, { env, stdout }: Surroundings): Presentation {
  const flags = command.optsWithGlobals<DisplayFlags>()
  const isTerminal = stdout.isTTY === true
  const format = readFormat(flags, isTerminal)
  return {
    format,
    fields: flags.fields === undefined ? undefined : readFields(flags.fields),
    isWide: flags.wide === true,
    hasColour: flags.color !== false && hasColour(env, stdout),
    usesPager: isTerminal && format === 'table' && flags.pager !== false && flags.watch === undefined,
    zone: readZone(command),
  }
}

/** The zone in which times are shown and read. */
function readZone(command: Command): Zone {
  return command.optsWithGlobals<DisplayFlags>().utc === true ? 'utc' : 'local'
}

function readFormat({ json, output }: DisplayFlags, isTerminal: boolean): Presentation['format'] {
  const format = formats.find(each => each === output)
  // The --output of export is a file.
  if (format === undefined) return json === true || !isTerminal ? 'ndjson' : 'table'
  if (json === true && format !== 'ndjson') throw new UsageError(`--json is not --output ${format}`)
  return format
}

function readFields(text: string): readonly string[] {
  const fields = text.split(',').map(field => field.trim())
  if (fields.includes(''))
    throw new UsageError('--fields: expected names with commas between them: id,start_time')
  return [...new Set(fields)]
}

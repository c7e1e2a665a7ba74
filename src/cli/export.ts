import { type Command, Option } from 'commander'
import { DaybookConnectionError, DaybookError, type ExportOptions } from '../client/client.ts'
import { conditionHelp, openConditionSession } from './condition-session.ts'
import { openExportTarget } from './export-target.ts'
import { CommandFailure } from './failure.ts'
import { createProgress } from './progress.ts'
import { createRecordCutter, type RecordCutter } from './record-cutter.ts'
import type { Surroundings } from './surroundings.ts'
import { parseWholeNumber } from './whole-number.ts'

interface ExportFlags {
  readonly format: NonNullable<ExportOptions['format']>
  readonly output?: string
  readonly after?: number
}

/** `daybook export RESOURCE [CONDITION…]`: every record that fulfils all conditions, oldest first, to a file or a pipe. */
export function addExportCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('export')
    .description('write every record that fulfils all conditions, oldest first')
    .argument('<resource>', 'js-result, event-log, …')
    .argument('[conditions...]')
    .addOption(
      new Option('--format <format>', 'lines of JSON, or CSV').choices(['ndjson', 'csv']).default('ndjson'),
    )
    .option('--output <file>', 'write to this file, not to stdout')
    .option('--after <key>', 'begin behind this key and add to the file', parseWholeNumber)
    .addHelpText('after', conditionHelp)
    .action(async (name: string, conditions: string[], flags: ExportFlags, command: Command) => {
      const session = await openConditionSession({ resource: name, conditions, command, surroundings })
      const { client, resource, condition, output } = session
      const { format, after } = flags
      const target = await openExportTarget(flags, surroundings)
      const progress = createProgress(output, surroundings)
      const cutter = createRecordCutter(format)
      let rows = 0
      try {
        const options = { format, ...(after !== undefined && { after }) }
        for await (const chunk of client.export(resource, condition, options)) {
          const { bytes, records } = cutter.push(chunk)
          await target.write(bytes)
          rows += records
          await progress.show(rows)
        }
      } catch (error) {
        await progress.end()
        throw rows === 0 ? error : cutOff(error, rows, cutter)
      } finally {
        await target.close()
        await progress.end()
      }
      if (flags.output !== undefined) await output.note(`${rows} rows written`)
    })
}

/** Whole records were written: whoever knows the last of them can go on from there. */
function cutOff(error: unknown, rows: number, cutter: RecordCutter): unknown {
  if (!(error instanceof DaybookConnectionError || error instanceof DaybookError)) return error
  const key = cutter.lastKey()
  const next = key === undefined ? '' : `; --after ${key} goes on`
  return new CommandFailure(`${error.message}\nthe export was cut off after ${rows} rows${next}`)
}
